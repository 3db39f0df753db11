package view

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/rollout"
)

func TestRollout(t *testing.T) {
	t.Parallel()
	steps := []rollout.Step{
		{Kind: rollout.ApplyCRLs, Clusters: []string{"north", "west"}, Why: "a"},
		{Kind: rollout.WaitProxies, Clusters: []string{"east", "north", "west"}, Why: "b"},
		{Kind: rollout.ApplySecret, Clusters: []string{"east"}, Why: "c"},
		{Kind: rollout.Exchange, Clusters: []string{"south"}, Why: "d"},
		{Kind: rollout.Reissue, Clusters: []string{"south"}, Why: "e"},
		{Kind: rollout.WaitRenewal, Clusters: []string{"east"}, Why: "f"},
		{Kind: rollout.RestartWorkloads, Clusters: []string{"east"}, Why: "g"},
		{Kind: rollout.Finish, Clusters: []string{"east", "west"}, Why: "h"},
		{Kind: rollout.Exchange, Clusters: []string{"south", "north"}, Why: "i"},
		{Kind: rollout.ApplyCRLs, Clusters: []string{"south"}, Remote: true, Why: "j"},
		{Kind: rollout.ApplySecret, Clusters: []string{"south"}, Remote: true, Why: "k"},
		{Kind: rollout.Exchange, Why: "l"},
	}
	want := `what remains to be done, in this order:
  1. apply the CRL bundle to north and west: a
       trustgen secret --cluster north --dir 'my mesh' --crls-only | kubectl --context north apply --server-side --field-manager=trustgen-crls --force-conflicts -f -
       trustgen secret --cluster west --dir 'my mesh' --crls-only | kubectl --context west apply --server-side --field-manager=trustgen-crls --force-conflicts -f -
  2. wait until the proxies of east, north and west have the CRL bundle: b
  3. apply the new CA bundle to east: c
       trustgen secret --cluster east --dir 'my mesh' | kubectl --context east apply --server-side --force-conflicts -f -
  4. import the CAs and CRLs of this directory in the directory of south: d
       trustgen crl --with-certificates --dir 'my mesh' >mesh.pem
       in the directory of south: trustgen crl import mesh.pem
  5. issue another intermediate for south: e
       in the directory of south: trustgen request --cluster south --out south.csr
       trustgen sign south.csr --cluster south --dir 'my mesh' --out south.pem
       in the directory of south: trustgen install south.pem
       in the directory of south: trustgen crl --with-certificates >south-crls.pem
       trustgen crl import south-crls.pem --dir 'my mesh'
  6. wait until the workloads of east have new certificates: f
  7. restart the workloads of east: g
       kubectl --context east rollout restart deployment --namespace NAMESPACE
  8. revoke the old intermediates of east and west: h
       trustgen revoke --cluster east,west --finish --dir 'my mesh'
  9. import the CAs and CRLs of this directory in the directories of south and north: i
       trustgen crl --with-certificates --dir 'my mesh' >mesh.pem
       in the directory of south: trustgen crl import mesh.pem
       in the directory of north: trustgen crl import mesh.pem
 10. apply the CRL bundle to south: j
       in the directory of south: trustgen secret --cluster south --crls-only | kubectl --context south apply --server-side --field-manager=trustgen-crls --force-conflicts -f -
 11. apply the new CA bundle to south: k
       in the directory of south: trustgen secret --cluster south | kubectl --context south apply --server-side --force-conflicts -f -
 12. import the CAs and CRLs of this directory in the directory that signed: l
       trustgen crl --with-certificates --dir 'my mesh' >mesh.pem
       in the directory that signed: trustgen crl import mesh.pem
`
	var stderr bytes.Buffer
	terminal := &term.Terminal{Streams: term.Streams{Err: &stderr}}
	Rollout(terminal, "my mesh", steps)
	if diff := cmp.Diff(want, strings.ReplaceAll(stderr.String(), "trustgen: ", "")); diff != "" {
		t.Errorf("runbook (-want +got):\n%s", diff)
	}
	stderr.Reset()
	Rollout(terminal, "my mesh", nil)
	if stderr.Len() > 0 {
		t.Errorf("without steps it prints %q", stderr.String())
	}
}
