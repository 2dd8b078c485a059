# Makes the kernel forget UDP connections that were translated to endpoints that a Service does not have any more: else a
# client that goes on sending would go on being sent there. Speaks netlink, in the network namespace that it is started in.
#
# Reads lines "IP PORT ENDPOINT:PORT…": connections to the first that are answered by none of the others are forgotten.
use strict;
use warnings;
use Socket;

use constant { AF_NETLINK => 16, NETLINK_NETFILTER => 12, AF_INET_FAMILY => 2, PROTOCOL_UDP => 17 };
use constant { NLM_F_REQUEST => 1, NLM_F_DUMP => 0x300, NLMSG_ERROR => 2, NLMSG_DONE => 3 };
use constant { CT_GET => 0x101, CT_DELETE => 0x102, TYPE_MASK => 0x3fff };
use constant { TUPLE_ORIGINAL => 1, TUPLE_REPLY => 2, TUPLE_IP => 1, TUPLE_PROTOCOL => 2 };
use constant { SOURCE => 1, DESTINATION => 2, NUMBER => 1, SOURCE_PORT => 2, DESTINATION_PORT => 3 };

my %endpoints;
while (<STDIN>) {
  my ($ip, $port, @kept) = split;
  $endpoints{"$ip:$port"} = { map { $_ => 1 } @kept };
}

socket(my $netlink, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) or die "no netlink: $!\n";
send_message(CT_GET, NLM_F_REQUEST | NLM_F_DUMP, '');
my @stale;
RECEIVE: while (defined recv($netlink, my $data, 1 << 17, 0)) {
  while (length $data >= 16) {
    my ($length, $type) = unpack 'LS', $data;
    last RECEIVE if $type == NLMSG_DONE;
    die "connections cannot be listed: error " . unpack('x16 l', $data) . "\n" if $type == NLMSG_ERROR;
    my %connection = attributes(substr $data, 20, $length - 20);
    push @stale, $connection{+TUPLE_ORIGINAL} if is_stale(\%connection);
    substr $data, 0, aligned($length), '';
  }
}
send_message(CT_DELETE, NLM_F_REQUEST, pack('SSa*', 4 + length, 1 << 15 | TUPLE_ORIGINAL, $_)) for @stale;

sub is_stale {
  my ($connection) = @_;
  my %original = ends($connection->{+TUPLE_ORIGINAL});
  my %reply = ends($connection->{+TUPLE_REPLY});
  return 0 unless ($original{protocol} // 0) == PROTOCOL_UDP;
  my $kept = $endpoints{ $original{destination} };
  return $kept && !$kept->{ $reply{source} };
}

sub ends {
  my %tuple = attributes($_[0] // return);
  my %ip = attributes($tuple{+TUPLE_IP} // '');
  my %protocol = attributes($tuple{+TUPLE_PROTOCOL} // '');
  return unless length($ip{+SOURCE} // '') == 4 && defined $protocol{+SOURCE_PORT};
  return (
    protocol => unpack('C', $protocol{+NUMBER}),
    source => inet_ntoa($ip{+SOURCE}) . ':' . unpack('n', $protocol{+SOURCE_PORT}),
    destination => inet_ntoa($ip{+DESTINATION}) . ':' . unpack('n', $protocol{+DESTINATION_PORT}),
  );
}

sub attributes {
  my ($data) = @_;
  my %found;
  while (length $data >= 4) {
    my ($length, $type) = unpack 'SS', $data;
    last if $length < 4;
    $found{$type & TYPE_MASK} = substr $data, 4, $length - 4;
    last if aligned($length) > length $data;
    substr $data, 0, aligned($length), '';
  }
  return %found;
}

sub send_message {
  my ($type, $flags, $attributes) = @_;
  my $body = pack('CCn', AF_INET_FAMILY, 0, 0) . $attributes;
  send($netlink, pack('LSSLL', 16 + length $body, $type, $flags, 1, 0) . $body, 0) // die "netlink: $!\n";
}

sub aligned { return ($_[0] + 3) & ~3 }
