package main

import (
	"fmt"

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

// warnMissing says what an incomplete set means.
func (t *terminal) warnMissing(missing []fabric.MissingCRL) {
	for _, m := range missing {
		t.warn("%s: until it is here, proxies that have the set refuse its chains", m)
	}
}
