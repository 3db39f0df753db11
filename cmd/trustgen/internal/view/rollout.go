package view

import (
	"fmt"
	"strings"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/rollout"
)

// Rollout prints a rollout as a numbered runbook with the commands to run. dir is the trust
// directory.
func Rollout(t *term.Terminal, dir string, steps []rollout.Step) {
	if len(steps) == 0 {
		return
	}
	t.Note("what remains to be done, in this order:")
	r := runbook{dir: hint.DirFlag(dir)}
	for i, step := range steps {
		title, commands := r.step(step)
		t.Note("%3d. %s: %s", i+1, title, step.Why)
		for _, command := range commands {
			t.Note("       %s", command)
		}
	}
}

// runbook writes steps for people. dir is the flag for the trust directory.
type runbook struct{ dir string }

func (r runbook) step(s rollout.Step) (title string, commands []string) {
	clusters := joined(s.Clusters)
	switch s.Kind {
	case rollout.Reissue:
		return "issue another intermediate for " + clusters, each(s.Clusters, r.reissue)
	case rollout.Exchange:
		return r.exchange(s.Clusters)
	case rollout.ApplyCRLs:
		return "apply the CRL bundle to " + clusters, r.apply(s, " --crls-only", " --field-manager=trustgen-crls")
	case rollout.ApplySecret:
		return "apply the new CA bundle to " + clusters, r.apply(s, "", "")
	case rollout.WaitProxies:
		return "wait until the proxies of " + clusters + " have the CRL bundle", nil
	case rollout.RestartWorkloads:
		return "restart the workloads of " + clusters, each(s.Clusters, restart)
	case rollout.WaitRenewal:
		return "wait until the workloads of " + clusters + " have new certificates", nil
	case rollout.Finish:
		return "revoke the old intermediates of " + clusters,
			[]string{fmt.Sprintf("trustgen revoke --cluster %s --finish%s", strings.Join(s.Clusters, ","), r.dir)}
	}
	return fmt.Sprintf("%s %s", s.Kind, clusters), nil
}

// apply hands bundles to kubectl, in this directory or in those of the clusters.
func (r runbook) apply(s rollout.Step, what, manager string) []string {
	return each(s.Clusters, func(cluster string) []string {
		dir, where := r.dir, ""
		if s.Remote {
			dir, where = "", there(cluster)
		}
		return []string{fmt.Sprintf("%strustgen secret --cluster %s%s%s | kubectl --context %s apply --server-side%s --force-conflicts -f -",
			where, cluster, dir, what, cluster, manager)}
	})
}

// exchange imports CAs and CRLs in the directories of clusters, or in that of the CA that signed.
func (r runbook) exchange(clusters []string) (title string, commands []string) {
	export := "trustgen crl --with-certificates" + r.dir + " >mesh.pem"
	if len(clusters) == 0 {
		return "import the CAs and CRLs of this directory in the directory that signed",
			[]string{export, "in the directory that signed: trustgen crl import mesh.pem"}
	}
	places := "directory"
	if len(clusters) > 1 {
		places = "directories"
	}
	return fmt.Sprintf("import the CAs and CRLs of this directory in the %s of %s", places, joined(clusters)),
		append([]string{export}, each(clusters, func(cluster string) []string { return []string{there(cluster) + "trustgen crl import mesh.pem"} })...)
}

func (r runbook) reissue(cluster string) []string {
	return []string{
		fmt.Sprintf("%strustgen request --cluster %s --out %s.csr", there(cluster), cluster, cluster),
		fmt.Sprintf("trustgen sign %s.csr --cluster %s%s --out %s.pem", cluster, cluster, r.dir, cluster),
		fmt.Sprintf("%strustgen install %s.pem", there(cluster), cluster),
		fmt.Sprintf("%strustgen crl --with-certificates >%s-crls.pem", there(cluster), cluster),
		fmt.Sprintf("trustgen crl import %s-crls.pem%s", cluster, r.dir),
	}
}

func there(cluster string) string { return "in the directory of " + cluster + ": " }

func restart(cluster string) []string {
	return []string{fmt.Sprintf("kubectl --context %s rollout restart deployment --namespace NAMESPACE", cluster)}
}

func each(clusters []string, commands func(string) []string) []string {
	var all []string
	for _, cluster := range clusters {
		all = append(all, commands(cluster)...)
	}
	return all
}

// joined is "a, b and c".
func joined(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
