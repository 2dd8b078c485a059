# The parent of all containers. It outlives the program: it starts processes, holds the pipes of their output, and keeps
# their exit codes until somebody asks. As a "child subreaper" it also becomes the parent of containers that a runtime
# leaves running. One of it costs what a small shell does; a shim per container would cost that per container.
#
#   perl supervisor.pl SOCKET IDLE_SECONDS
#
# One client at a time on a Unix socket; a new one takes the place of the last. While there is none, output is kept in
# files beside the pipes, so that nobody waits for a reader. Lines of fields, percent-encoded and separated by a space:
#                                                                                             -> hello PID, its own
#   start KEY STDIN STDOUT STDERR CWD PROGRAM ARG…   STD…: a FIFO, made if need be, or "-"    -> started KEY PID
#                                                                                             -> failed KEY WHY
#   state PID          -> state PID running, or its code, or unknown
#   watch PID          once it has ended -> ended PID CODE; code 128 + n after signal n, -1 when it is not ours
#   eof KEY            closes standard input
#   release KEY        lets go of the pipes of KEY
#   forget PID         forgets how PID ended
#   quit
# It ends by itself when it has had no client and no process for IDLE_SECONDS, and leaves the codes to the next one.
use strict;
use warnings;
use Errno qw(EINTR ECHILD);
use Fcntl;
use IO::Socket::UNIX;
use POSIX qw(WNOHANG setsid);

use constant PR_SET_CHILD_SUBREAPER => 36;
use constant PRCTL => ((POSIX::uname())[4] =~ /^(aarch64|riscv64)$/ ? 167 : 157);
use constant MAX_REMEMBERED => 4096;
use constant MAX_KEPT => 16 << 20;

my ($folder, $path) = $ARGV[0] =~ m{^(.*)/([^/]+)$} or die "supervisor: a path is needed\n";
my $idle_seconds = $ARGV[1];
my (%pipes, %stdin, %watched, %ended, @order, $client, $buffer);

setsid();
# Addresses of sockets are short.
chdir $folder or die "supervisor: $folder: $!\n";
umask 077;
syscall(PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 or die "supervisor: not a subreaper: $!\n";
unlink $path;
my $server = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 4) or die "supervisor: $path: $!\n";
my $inode = (stat $path)[1];
pipe(my $wake, my $waker) or die "supervisor: $!\n";
fcntl($_, F_SETFL, O_NONBLOCK) for $wake, $waker;
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { syswrite $waker, '.' };
restore();

while (1) {
  my $bits = '';
  my @outputs = $client ? () : map { @$_ } values %pipes;
  vec($bits, fileno $_, 1) = 1 for grep { defined } $server, $wake, $client, map { $_->[0] } @outputs;
  my $ready = select(my $out = $bits, undef, undef, $client ? undef : $idle_seconds);
  next if $ready < 0;
  sysread $wake, my $drained, 4096;
  reap();
  last if $ready == 0 && !$client && kids() == 0;
  last if !same_socket();
  keep(@$_) for grep { vec($out, fileno $_->[0], 1) } @outputs;
  if (vec($out, fileno $server, 1)) {
    $client = $server->accept();
    ($buffer, %watched) = ('');
    say_line('hello', $$);
    next;
  }
  receive() if $client && vec($out, fileno $client, 1);
}
save() if same_socket();

# The codes that nobody has asked for yet are the next supervisor's.
sub save {
  if (%ended && open my $codes, '>', "$path.codes") { print $codes "$_ $ended{$_}\n" for @order }
  unlink $path;
}

sub restore {
  open my $codes, '<', "$path.codes" or return;
  /^(\d+) (-?\d+)$/ && remember($1, $2) while <$codes>;
  unlink "$path.codes";
}

# Output for which there is no reader, up to a limit.
sub keep {
  my ($pipe, $name) = @_;
  sysread $pipe, my $chunk, 65536 or return;
  return if (-s "$name.kept" // 0) > MAX_KEPT;
  open my $kept, '>>', "$name.kept" or return;
  syswrite $kept, $chunk;
}

# Another supervisor took the address: this one is of no use to anybody.
sub same_socket { my @stat = stat $path; return @stat && $stat[1] == $inode }

sub kids { my $pid = waitpid(-1, WNOHANG); reap_one($pid) if $pid > 0; return $pid < 0 ? 0 : 1 }

sub reap {
  while ((my $pid = waitpid(-1, WNOHANG)) > 0) { reap_one($pid) }
}

sub reap_one {
  my ($pid) = @_;
  my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  remember($pid, $code);
  say_line('ended', $pid, $code) if delete $watched{$pid};
}

sub remember {
  my ($pid, $code) = @_;
  push @order, $pid if !exists $ended{$pid};
  $ended{$pid} = $code;
  delete $ended{shift @order} while @order > MAX_REMEMBERED;
}

sub receive {
  my $count = sysread $client, my $chunk, 65536;
  return if !defined $count && $! == EINTR;
  if (!$count) { close $client; undef $client; %watched = (); return }
  $buffer .= $chunk;
  while ($buffer =~ s/^([^\n]*)\n//) {
    my ($verb, @fields) = map { my $field = $_; $field =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; $field } split / /, $1;
    if ($verb eq 'start') { start(@fields) }
    elsif ($verb eq 'state') { say_line('state', $fields[0], state_of($fields[0])) }
    elsif ($verb eq 'watch') { watch($fields[0]) }
    elsif ($verb eq 'eof') { delete $stdin{$fields[0]} }
    elsif ($verb eq 'release') { delete $stdin{$fields[0]}; delete $pipes{$fields[0]} }
    elsif ($verb eq 'forget') { forget($fields[0]) }
    elsif ($verb eq 'quit') { unlink $path; exit 0 }
  }
}

sub watch {
  my ($pid) = @_;
  if (is_ours($pid)) { forget($pid); $watched{$pid} = 1 }
  else { say_line('ended', $pid, $ended{$pid} // -1) }
}

sub state_of {
  my ($pid) = @_;
  return is_ours($pid) ? 'running' : $ended{$pid} // 'unknown';
}

sub forget {
  my ($pid) = @_;
  @order = grep { $_ != $pid } @order if defined delete $ended{$pid};
}

# The parent of a process is the second field after its name in brackets.
sub is_ours {
  my ($pid) = @_;
  open my $stat, '<', "/proc/$pid/stat" or return 0;
  my $line = <$stat> // '';
  return $line =~ /\) \S (\d+) [^)]*$/ && $1 == $$;
}

sub start {
  my ($key, $in, $out, $err, $cwd, @command) = @_;
  my @held = map { hold($_) } $in, $out, $err;
  return say_line('failed', $key, "pipe: $!") if grep { !defined } @held;
  pipe(my $told, my $tell) or return say_line('failed', $key, "pipe: $!");
  my $pid = fork;
  return say_line('failed', $key, "fork: $!") if !defined $pid;
  if ($pid == 0) {
    $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD);
    umask 022;
    sysopen(my $input, $in eq '-' ? '/dev/null' : $in, O_RDONLY);
    POSIX::dup2(fileno $_->[0], $_->[1]) for [$input, 0], [$held[1], 1], [$held[2], 2];
    if (chdir $cwd) { no warnings; exec { $command[0] } @command }
    syswrite $tell, "$!";
    POSIX::_exit(127);
  }
  close $tell;
  my $why = <$told>;
  return say_line('failed', $key, $why) if defined $why;
  $stdin{$key} = $held[0];
  $pipes{$key} = [grep { $_->[1] ne '-' } [$held[1], $out], [$held[2], $err]];
  say_line('started', $key, $pid);
}

# Both ends are open as long as the handle is: nothing is lost when nobody reads, and a reader sees the end on release.
sub hold {
  my ($name) = @_;
  if ($name ne '-' && !-p $name) { POSIX::mkfifo($name, 0600) or return undef }
  sysopen(my $handle, $name eq '-' ? '/dev/null' : $name, O_RDWR) or return undef;
  return $handle;
}

sub say_line {
  return if !$client;
  my $line = join ' ', map { my $field = $_; $field =~ s/([^A-Za-z0-9_.\/-])/sprintf '%%%02X', ord $1/ge; $field } @_;
  syswrite $client, "$line\n";
}
