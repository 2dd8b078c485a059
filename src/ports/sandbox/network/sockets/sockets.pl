# Makes sockets in the network namespace that it is started in, and hands them to the Node.js program that started it:
# over the channel that Node.js has for handles, in its own form. A child of Node.js would cost ten times the memory.
#
#   "connect ID IP PORT"   -> a TCP connection
#   "listen ID IP PORT"    -> a TCP socket that listens
#   "bind ID IP PORT"      -> a UDP socket
#
# Each is answered by "ID", which the socket comes along with, or by "ID ECODE". It ends when the channel is closed.
use strict;
use warnings;
use Errno qw(EAGAIN EINPROGRESS EINTR);
use Fcntl;
use POSIX ();
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY SO_ERROR);

use constant SENDMSG => ((POSIX::uname())[4] =~ /^(aarch64|riscv64)$/ ? 211 : 46);
use constant { SCM_RIGHTS => 1, BACKLOG => 511 };

my $channel_number = $ENV{NODE_CHANNEL_FD} // die "sockets: to be started by Node.js, with a channel\n";
open(my $channel, '+<&=', $channel_number) or die "sockets: no channel: $!\n";
binmode $channel;
fcntl($channel, F_SETFL, fcntl($channel, F_GETFL, 0) | O_NONBLOCK);
$SIG{PIPE} = 'IGNORE';

my ($input, $output, %connecting, @handles, $handed) = ('', '');

while (1) {
  my ($readable, $writable) = ('', '');
  vec($readable, fileno $channel, 1) = 1;
  vec($writable, fileno $channel, 1) = 1 if length $output || (@handles && !$handed);
  vec($writable, $_, 1) = 1 for keys %connecting;
  next if select($readable, $writable, undef, undef) < 0;
  finish($_) for grep { vec($writable, $_, 1) } keys %connecting;
  if (vec($readable, fileno $channel, 1)) {
    my $count = sysread $channel, $input, 65_536, length $input;
    last if defined $count ? $count == 0 : !$!{EAGAIN} && !$!{EINTR};
    receive($1) while $input =~ s/^([^\n]*)\n//;
  }
  flush();
}

sub receive {
  my ($line) = @_;
  if ($line =~ /"NODE_HANDLE_ACK"/) { undef $handed; hand_out() }
  elsif ($line =~ /"NODE_HANDLE_NACK"/) { unshift @handles, $handed if $handed; undef $handed; hand_out() }
  elsif ($line =~ /^"(connect|listen|bind) (\d+) ([\d.]+) (\d+)"$/) { make($1, $2, $3, $4) }
}

sub make {
  my ($verb, $id, $ip, $port) = @_;
  my $place = pack_sockaddr_in($port, inet_aton($ip) // return fail($id, 'EADDRNOTAVAIL'));
  my $type = $verb eq 'bind' ? SOCK_DGRAM : SOCK_STREAM;
  socket(my $socket, AF_INET, $type, 0) or return fail($id);
  fcntl($socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK);
  if ($verb eq 'connect') {
    setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
    return give($id, 'net.Native', $socket) if connect($socket, $place);
    return fail($id) unless $!{EINPROGRESS};
    $connecting{fileno $socket} = [$id, $socket];
    return;
  }
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) if $verb eq 'listen';
  bind($socket, $place) or return fail($id);
  if ($verb eq 'listen') { listen($socket, BACKLOG) or return fail($id) }
  give($id, $verb eq 'bind' ? 'dgram.Native' : 'net.Native', $socket);
}

sub finish {
  my ($id, $socket) = @{ delete $connecting{$_[0]} };
  $! = unpack 'i', getsockopt($socket, SOL_SOCKET, SO_ERROR);
  $! ? fail($id) : give($id, 'net.Native', $socket);
}

sub fail {
  my ($id, $name) = @_;
  ($name) = grep { $!{$_} } keys %! unless $name;
  $output .= qq("$id $name"\n);
}

# Node.js wants to have taken one handle before it gets the next.
sub give {
  my ($id, $type, $socket) = @_;
  push @handles, [qq({"cmd":"NODE_HANDLE","type":"$type","msg":"$id"}\n), $socket];
  hand_out();
}

sub hand_out {
  return if $handed || !@handles || length $output;
  $handed = shift @handles;
  my ($text, $socket) = @$handed;
  my $vector = pack 'P Q', $text, length $text;
  my $rights = pack 'Q i i i x4', 20, SOL_SOCKET, SCM_RIGHTS, fileno $socket;
  my $message = pack 'Q L x4 P Q P Q i x4', 0, 0, $vector, 1, $rights, length $rights, 0;
  my $sent = syscall(SENDMSG, fileno $channel, $message, 0);
  if ($sent < 0) { unshift @handles, $handed; undef $handed }
  elsif ($sent < length $text) { $output .= substr $text, $sent }
}

sub flush {
  while (length $output) {
    my $count = syswrite $channel, $output;
    return if !defined $count;
    substr $output, 0, $count, '';
  }
  hand_out();
}
