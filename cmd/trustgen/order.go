package main

import (
	"fmt"
	"strings"

	"github.com/trustgen/trustgen/secrets/fabric"
)

// order prints what remains to be done in the clusters, where this program does not reach.
type order struct {
	*terminal
	dir  string
	step int
}

func (t *terminal) newOrder(dir string) *order {
	t.note("what remains to be done, in this order:")
	return &order{terminal: t, dir: dir}
}

// say begins the next step.
func (o *order) say(format string, args ...any) {
	o.step++
	o.note("%3d. %s", o.step, fmt.Sprintf(format, args...))
}

func (o *order) command(format string, args ...any) {
	o.note("       %s", fmt.Sprintf(format, args...))
}

// apply hands clusters what the directory has for them.
func (o *order) apply(clusters ...string) {
	for _, cluster := range clusters {
		o.command("trustgen secret --cluster %s%s | kubectl apply --server-side --force-conflicts -f -", cluster, dirFlag(o.dir))
	}
}

// tellElsewhere is for clusters whose sets are in other directories.
func (o *order) tellElsewhere(clusters []string) {
	if len(clusters) == 0 {
		return
	}
	o.command("trustgen crl --with-certificates%s >mesh.pem", dirFlag(o.dir))
	for _, cluster := range clusters {
		o.command("where the key of %s is: trustgen crl import mesh.pem, then trustgen secret as above", cluster)
	}
}

// everywhere hands clusters the new set of CRLs.
func (o *order) everywhere(what string, here, elsewhere []string) {
	if len(here)+len(elsewhere) == 0 {
		o.say("nothing: there is no cluster that has to know")
		return
	}
	o.say("%s:", what)
	o.apply(here...)
	o.tellElsewhere(elsewhere)
}

// othersFirst hands clusters that have a new intermediate what they have, but not before the
// others know its CRL.
func (o *order) othersFirst(others, elsewhere, renewed []string) {
	if len(others)+len(elsewhere) > 0 {
		o.everywhere("hand the other clusters their sets: they have to know the CRL of a new intermediate before they meet it", others, elsewhere)
		o.say("wait some minutes, until the proxies there have them: kubelets pass Secrets and ConfigMaps on when they please")
	}
	if len(renewed) > 0 {
		o.say("hand %s what is new:", strings.Join(renewed, " and "))
		o.apply(renewed...)
	}
}

// warnMissing says what an incomplete set means.
func (t *terminal) warnMissing(missing []fabric.MissingCRL) {
	for _, m := range missing {
		t.warn("%s: until it is here, proxies that have the set refuse its chains", m)
	}
}
