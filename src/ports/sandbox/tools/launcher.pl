# Starts host tools for a program that is too large to start them itself: each start would halt that program until the
# copy of it has become the tool. This one is small, and halts for nobody.
#
#   perl launcher.pl
#
# Lines of fields, percent-encoded and separated by a space:
#   standard input:   KEY CWD INPUT COMMAND ARG…       CWD empty: where this one is; INPUT is small enough for a pipe
#   standard output:  KEY CODE STDOUT STDERR           CODE: 128 + n after signal n, "-" when it cannot be started (STDERR: why)
# It ends with its input, when the last tool has ended.
use strict;
use warnings;
use Errno qw(EINTR);
use Fcntl;
use POSIX ();

use constant PIECE => 65536;

my ($buffer, $is_open, %jobs) = ('', 1);
$SIG{PIPE} = 'IGNORE';

while ($is_open || %jobs) {
  my $bits = '';
  vec($bits, 0, 1) = 1 if $is_open;
  vec($bits, fileno $_, 1) = 1 for map { @{$_->{outputs}} } values %jobs;
  next if select(my $ready = $bits, undef, undef, undef) < 0;
  my @running = values %jobs;
  for my $job (@running) {
    my @outputs = grep { vec($ready, fileno $_, 1) } @{$job->{outputs}};
    listen_to($job, $_) for @outputs;
    finish($job) if !@{$job->{outputs}};
  }
  receive() if $is_open && vec($ready, 0, 1);
}

sub receive {
  my $count = sysread STDIN, $buffer, PIECE, length $buffer;
  return if !defined $count && $! == EINTR;
  $is_open = 0 if !$count;
  while ($buffer =~ s/^([^\n]*)\n//) {
    begin(map { my $field = $_; $field =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; $field } split / /, $1, -1);
  }
}

# The pipe "told" closes when the child becomes the tool.
sub begin {
  my ($key, $cwd, $input, @command) = @_;
  pipe(my $in, my $feed) && pipe(my $out, my $out_end) && pipe(my $err, my $err_end) && pipe(my $told, my $tell)
    or return answer($key, '-', '', "pipe: $!");
  my $pid = fork;
  return answer($key, '-', '', "fork: $!") if !defined $pid;
  if ($pid == 0) {
    $SIG{PIPE} = 'DEFAULT';
    POSIX::dup2(fileno $_->[0], $_->[1]) for [$in, 0], [$out_end, 1], [$err_end, 2];
    if ($cwd eq '' || chdir $cwd) { no warnings; exec { $command[0] } @command }
    syswrite $tell, "$command[0]: $!";
    POSIX::_exit(127);
  }
  close $_ for $in, $out_end, $err_end, $tell;
  syswrite $feed, $input;
  close $feed;
  $jobs{$pid} = {key => $key, pid => $pid, outputs => [$out, $err, $told], text => {}};
  $jobs{$pid}{names} = {fileno $out => 'out', fileno $err => 'err', fileno $told => 'told'};
}

sub listen_to {
  my ($job, $handle) = @_;
  my $count = sysread $handle, my $piece, PIECE;
  return if !defined $count && $! == EINTR;
  if ($count) { $job->{text}{$job->{names}{fileno $handle}} .= $piece; return }
  $job->{outputs} = [grep { $_ != $handle } @{$job->{outputs}}];
}

sub finish {
  my ($job) = @_;
  waitpid $job->{pid}, 0;
  my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  my ($out, $err, $told) = map { $job->{text}{$_} // '' } qw(out err told);
  delete $jobs{$job->{pid}};
  return answer($job->{key}, '-', '', $told) if $told ne '';
  answer($job->{key}, $code, $out, $err);
}

sub answer {
  my $line = join(' ', map { my $field = $_; $field =~ s/([^A-Za-z0-9_.\/-])/sprintf '%%%02X', ord $1/ge; $field } @_) . "\n";
  while ($line ne '') {
    my $count = syswrite STDOUT, $line;
    next if !defined $count && $! == EINTR;
    exit 1 if !defined $count;
    substr($line, 0, $count) = '';
  }
}
