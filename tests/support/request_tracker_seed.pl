# What tests find in a fresh Request Tracker: the queues `General` and `Tasks`, an account for each kind of rights, and a token of each,
# printed as `NAME TOKEN`.
use strict;
use warnings;
use RT -init;
use RT::User;
use RT::Queue;
use RT::AuthToken;

sub done { my ( $id, $message ) = @_; die "$message\n" unless $id; return $id }

my $system = RT->SystemUser;
my $tasks  = RT::Queue->new($system);
done( $tasks->Create( Name => 'Tasks', Description => 'follow-ups' ) );

my @writes = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ModifyTicket CommentOnTicket);
my %rights = (
    writer => \@writes,
    blind  => [ grep { $_ ne 'ShowTicketComments' } @writes ],
    reader => [qw(SeeQueue ShowTicket ShowTicketComments)],
    agent  => [ @writes, qw(ReplyToTicket DeleteTicket OwnTicket) ],
    expired => \@writes,
);
for my $name ( sort keys %rights ) {
    my $user = RT::User->new($system);
    done( $user->Create( Name => $name, EmailAddress => "$name\@pilot.test", Privileged => 1, Disabled => 0 ) );
    for my $queue_name ( 'General', 'Tasks' ) {
        my $queue = RT::Queue->new($system);
        $queue->Load($queue_name);
        done( $user->PrincipalObj->GrantRight( Right => $_, Object => $queue ) ) for @{ $rights{$name} };
    }
}
for my $name ( 'root', sort keys %rights ) {
    my $user = RT::User->new($system);
    done( $user->Load($name) );
    my ( $id, $message, $token ) = RT::AuthToken->new($system)->Create( Owner => $user->id, Description => 'tests' );
    done( $id, $message );
    print "$name $token\n";
    next unless $name eq 'expired';
    my $kept = RT::AuthToken->new($system);
    $kept->Load($id);
    done( $kept->Delete );
}
