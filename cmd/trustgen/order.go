package main

import (
	"fmt"
	"slices"
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

// apply hands clusters all that the directory has for them.
func (o *order) apply(clusters ...string) {
	for _, cluster := range clusters {
		o.command("trustgen secret --cluster %s%s | kubectl --context %s apply --server-side --force-conflicts -f -", cluster, dirFlag(o.dir), cluster)
	}
}

// applyCRLs hands clusters the CRLs, and leaves the rest there as it is: where nothing else is
// new, no key has to go anywhere.
func (o *order) applyCRLs(clusters ...string) {
	for _, cluster := range clusters {
		o.command("trustgen secret --cluster %s%s --crls-only | kubectl --context %s apply --server-side --field-manager=trustgen-crls --force-conflicts -f -", cluster, dirFlag(o.dir), cluster)
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

// everywhere hands clusters what is new, in one of the two ways above.
func (o *order) everywhere(what string, apply func(...string), here, elsewhere []string) {
	if len(here)+len(elsewhere) == 0 {
		o.say("nothing: there is no cluster that has to know")
		return
	}
	o.say("%s:", what)
	apply(here...)
	o.tellElsewhere(elsewhere)
}

// rollout are the clusters that new intermediates are about.
type rollout struct {
	others    []string // have to know their CRLs, and stay as they are
	elsewhere []string // the same, with sets in other directories
	created   []string // get the first intermediate that they have
	renewed   []string // get another one
}

// othersFirst hands clusters that have a new intermediate what they have, but not before all
// the others know its CRL: those that are renewed with it have to know it as well. A cluster
// that gets its first one gets the CRLs with it.
func (o *order) othersFirst(r rollout) {
	issued := slices.Sorted(slices.Values(slices.Concat(r.created, r.renewed)))
	var ahead []string
	if len(issued) > 1 {
		ahead = r.renewed
	}
	if len(r.others)+len(r.elsewhere)+len(ahead) > 0 {
		o.say("let the others know the CRLs of the new intermediates, before they meet one:")
		o.applyCRLs(slices.Concat(r.others, ahead)...)
		o.tellElsewhere(r.elsewhere)
		o.say("wait some minutes, until the proxies there have them: kubelets pass Secrets and ConfigMaps on when they please")
	}
	if len(issued) > 0 {
		o.say("hand %s what is new:", strings.Join(issued, " and "))
		o.apply(issued...)
	}
}

// noteBegan says what is going to be different.
func (t *terminal) noteBegan() {
	t.note("CRLs are published from now on: every cluster has those of all CAs")
}

// warnMissing says what an incomplete set means.
func (t *terminal) warnMissing(missing []fabric.MissingCRL) {
	for _, m := range missing {
		t.warn("%s: until it is here, proxies that have the set refuse its chains", m)
	}
}
