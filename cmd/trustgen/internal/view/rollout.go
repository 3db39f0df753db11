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
	case rollout.ApplyCRLs:
		return "apply the CRL bundle to " + clusters, each(s.Clusters, r.applyCRLs)
	case rollout.ApplySecret:
		return "apply the new CA bundle to " + clusters, each(s.Clusters, r.applySecret)
	case rollout.Exchange:
		return "bring the CAs and CRLs of this directory to the directories of " + clusters,
			append([]string{r.export()}, each(s.Clusters, r.importThere)...)
	case rollout.Reissue:
		return "issue another intermediate for " + clusters, each(s.Clusters, r.reissue)
	case rollout.WaitProxies:
		return "wait until the proxies of " + clusters + " have it", nil
	case rollout.WaitRenewal:
		return "wait until the workloads of " + clusters + " have new certificates", nil
	case rollout.RestartWorkloads:
		return "restart the workloads of " + clusters, each(s.Clusters, r.restart)
	case rollout.Finish:
		return "revoke the old intermediates of " + clusters,
			[]string{fmt.Sprintf("trustgen revoke --cluster %s --finish%s", strings.Join(s.Clusters, ","), r.dir)}
	}
	return fmt.Sprintf("%s %s", s.Kind, clusters), nil
}

func (r runbook) applySecret(cluster string) []string {
	return []string{fmt.Sprintf("trustgen secret --cluster %s%s | kubectl --context %s apply --server-side --force-conflicts -f -", cluster, r.dir, cluster)}
}

func (r runbook) applyCRLs(cluster string) []string {
	return []string{fmt.Sprintf("trustgen secret --cluster %s%s --crls-only | kubectl --context %s apply --server-side --field-manager=trustgen-crls --force-conflicts -f -",
		cluster, r.dir, cluster)}
}

func (r runbook) export() string { return "trustgen crl --with-certificates" + r.dir + " >mesh.pem" }

func (r runbook) importThere(cluster string) []string {
	there := "in the directory of " + cluster + ": "
	return append([]string{there + "trustgen crl import mesh.pem"}, there+runbook{}.applySecret(cluster)[0])
}

func (r runbook) reissue(cluster string) []string {
	there := "in the directory of " + cluster + ": "
	return []string{
		fmt.Sprintf("%strustgen request --cluster %s --out %s.csr", there, cluster, cluster),
		fmt.Sprintf("trustgen sign %s.csr --cluster %s%s --out %s.pem", cluster, cluster, r.dir, cluster),
		fmt.Sprintf("%strustgen install %s.pem", there, cluster),
		fmt.Sprintf("%strustgen crl --with-certificates >%s-crls.pem", there, cluster),
		fmt.Sprintf("trustgen crl import %s-crls.pem%s", cluster, r.dir),
	}
}

func (r runbook) restart(cluster string) []string {
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
