#!/usr/bin/perl
# maildmarc.pl - reads aggregate reports of the older form with Mail::DMARC, the reader of
# Debian's libmail-dmarc-perl, and prints what it understood: a line for each file.
#
# usage: maildmarc.pl FILE.xml.gz...
#
# NAME domain begin end records messages aligned-dkim aligned-spf
use strict;
use warnings;
use IO::Uncompress::Gunzip qw(gunzip);
use Mail::DMARC::Report;
use Mail::DMARC::Report::Receive;

# It is to read, not to keep.
no warnings 'redefine';
*Mail::DMARC::Report::save_aggregate = sub { return 1 };

foreach my $name (@ARGV) {
    my $text;
    gunzip($name => \$text) or die "$name: not gzip\n";
    my $reader = Mail::DMARC::Report::Receive->new;
    $reader->handle_body($text);
    my $agg = $reader->report->aggregate;
    my ($n, $messages, $dkim, $spf) = (0, 0, 0, 0);
    foreach my $record (@{ $agg->record }) {
        my $row = $record->row;
        $n++;
        $messages += $row->count;
        $dkim += $row->count if $row->policy_evaluated->dkim eq 'pass';
        $spf += $row->count if $row->policy_evaluated->spf eq 'pass';
    }
    $name =~ s{.*/}{};
    print join(' ', $name, $agg->policy_published->domain, $agg->metadata->begin,
        $agg->metadata->end, $n, $messages, $dkim, $spf), "\n";
}
