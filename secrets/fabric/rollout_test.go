package fabric_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/rollout"
)

// requireRollout compares the kinds and clusters of steps, such as "ApplyCRLs east west",
// or "ApplyCRLs south (remote)".
func requireRollout(t *testing.T, what string, result interface{ Rollout() []rollout.Step }, want ...string) {
	t.Helper()
	var got []string
	for _, step := range result.Rollout() {
		text := strings.Join(append([]string{string(step.Kind)}, step.Clusters...), " ")
		if step.Remote {
			text += " (remote)"
		}
		got = append(got, text)
		if step.Why == "" {
			t.Errorf("%s: the step %s has no reason", what, step.Kind)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: steps (-want +got):\n%s", what, diff)
	}
}

// withRemote has west and north in the directory of the root, which publishes CRLs, and the remote
// cluster east.
func withRemote(t *testing.T) *directories {
	t.Helper()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "north", "west")
	publish(t, p.rootDir)
	p.addCluster(t, "east")
	exchange(t, p.clusterDir, p.rootDir)
	exchange(t, p.rootDir, p.clusterDir)
	p.advance(time.Hour)
	return p
}

func TestEnsure_Rollout(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	requireRollout(t, "without CRLs", ensure(t, f, fabric.EnsureOptions{}, "west", "north"), "ApplySecret north west")
	requireRollout(t, "a renewal without CRLs", ensure(t, f, fabric.EnsureOptions{Renew: true}, "west"), "ApplySecret west")

	p := withRemote(t)
	requireRollout(t, "kept clusters", ensure(t, p.rootDir, fabric.EnsureOptions{}, "west", "north"))
	requireRollout(t, "one renewal", ensure(t, p.rootDir, fabric.EnsureOptions{Renew: true}, "west"),
		"ApplyCRLs north", "Exchange east", "ApplyCRLs east (remote)", "WaitProxies east north", "ApplySecret west")
	requireRollout(t, "two renewals", ensure(t, p.rootDir, fabric.EnsureOptions{Renew: true}, "west", "north"),
		"ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)", "WaitProxies east north west", "ApplySecret north west")
	requireRollout(t, "a new cluster", ensure(t, p.rootDir, fabric.EnsureOptions{}, "south", "west"),
		"ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)", "WaitProxies east north west", "ApplySecret south")
}

func TestRevoke_Rollout(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "north", "west")
	requireRollout(t, "the first publication", revoke(t, f, fabric.RevokeOptions{}, "west"),
		"ApplyCRLs north", "ApplySecret west", "RestartWorkloads north west", "WaitRenewal west", "Finish west")

	p := withRemote(t)
	requireRollout(t, "a local cluster", revoke(t, p.rootDir, fabric.RevokeOptions{}, "west"),
		"ApplyCRLs north", "Exchange east", "ApplyCRLs east (remote)", "WaitProxies east north", "ApplySecret west", "WaitRenewal west", "Finish west")
	requireRollout(t, "its end", finish(t, p.rootDir, "west"),
		"ApplySecret west", "ApplyCRLs north", "Exchange east", "ApplyCRLs east (remote)")
	requireRollout(t, "a local cluster at once", revoke(t, p.rootDir, fabric.RevokeOptions{Now: true}, "west"),
		"ApplySecret west", "ApplyCRLs north", "Exchange east", "ApplyCRLs east (remote)", "RestartWorkloads west")
	requireRollout(t, "a remote cluster", revoke(t, p.rootDir, fabric.RevokeOptions{}, "east"),
		"Reissue east", "ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)", "WaitProxies east north west", "ApplySecret east (remote)",
		"WaitRenewal east", "Finish east")
	requireRollout(t, "a remote cluster at once", revoke(t, p.rootDir, fabric.RevokeOptions{Now: true}, "east"),
		"ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)", "Reissue east", "ApplySecret east (remote)")
}

func TestRevoke_RolloutOfARetiredCluster(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "north", "west")
	publish(t, f)
	retire(t, f, "west", fabric.RetireOptions{})
	requireRollout(t, "a retired cluster", revoke(t, f, fabric.RevokeOptions{}, "west"), "ApplyCRLs north")
}

func TestRevokeCertificates_Rollout(t *testing.T) {
	t.Parallel()
	p := withRemote(t)
	superseded := subject(t, p.rootDir, "west")
	ensure(t, p.rootDir, fabric.EnsureOptions{Renew: true}, "west")
	requireRollout(t, "a superseded intermediate", revokeCertificate(t, p.rootDir, superseded, fabric.RevokeCertificatesOptions{}),
		"ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)")

	lost := orphan(t, p)
	requireRollout(t, "an orphan", revokeCertificate(t, p.rootDir, lost.Subject, fabric.RevokeCertificatesOptions{}),
		"ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)")

	other := otherMesh(t, p.clock, "other.example")
	cross := crossSign(t, p.rootDir, rootCert(t, other), fabric.CrossSignOptions{TrustDomain: "other.example"})
	requireRollout(t, "a cross-certificate", revokeCertificate(t, p.rootDir, cross.Certificate.Subject, fabric.RevokeCertificatesOptions{}),
		"ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)")
}

func TestRetire_Rollout(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "north", "south", "west")
	requireRollout(t, "without a revocation", retire(t, f, "west", fabric.RetireOptions{}))
	requireRollout(t, "the first publication", retire(t, f, "west", fabric.RetireOptions{Revoke: true}),
		"ApplyCRLs north south", "RestartWorkloads north south")
	requireRollout(t, "another cluster", retire(t, f, "south", fabric.RetireOptions{Revoke: true}), "ApplyCRLs north")

	p := withRemote(t)
	requireRollout(t, "a local cluster", retire(t, p.rootDir, "west", fabric.RetireOptions{Revoke: true}),
		"ApplyCRLs north", "Exchange east", "ApplyCRLs east (remote)")
	requireRollout(t, "a remote cluster", retire(t, p.rootDir, "east", fabric.RetireOptions{Revoke: true}), "ApplyCRLs north")
}

func TestRefreshCRLs_Rollout(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "north", "west")
	requireRollout(t, "the first publication", refresh(t, f, fabric.RefreshCRLsOptions{}),
		"ApplyCRLs north west", "RestartWorkloads north west")
	requireRollout(t, "nothing new", refresh(t, f, fabric.RefreshCRLsOptions{}))

	p := withRemote(t)
	requireRollout(t, "another CRL", refresh(t, p.rootDir, fabric.RefreshCRLsOptions{NextUpdate: p.Now().Add(day)}),
		"ApplyCRLs north west", "Exchange east", "ApplyCRLs east (remote)")
}

func TestImportCRLs_Rollout(t *testing.T) {
	t.Parallel()
	p := withRemote(t)
	requireRollout(t, "nothing new", exchange(t, p.clusterDir, p.rootDir))
	third := open(t, p.clock)
	install(t, third, p.sign(t, request(t, third, "south"), "south").Response)
	requireRollout(t, "another cluster", exchange(t, third, p.rootDir), "ApplyCRLs north west", "Exchange east south", "ApplyCRLs east south (remote)")

	revoke(t, p.rootDir, fabric.RevokeOptions{Now: true}, "west")
	requireRollout(t, "a revocation", exchange(t, p.rootDir, p.clusterDir), "ApplyCRLs east", "Exchange north south west", "ApplyCRLs north south west (remote)")

	fourth, fifth := open(t, p.clock), open(t, p.clock)
	fourthResponse := p.sign(t, request(t, fourth, "fourth"), "fourth").Response
	p.sign(t, request(t, fifth, "fifth"), "fifth")
	install(t, fourth, fourthResponse)
	requireRollout(t, "while another CRL is missing", exchange(t, fourth, p.rootDir))

	plain := open(t, newClock())
	ensure(t, plain, fabric.EnsureOptions{}, "west")
	requireRollout(t, "without a publication", importCRLs(t, plain, foreignCluster(t, plain)))
}

func TestInstall_Rollout(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	requireRollout(t, "without CRLs", p.addCluster(t, "east"), "ApplySecret east")
	requireRollout(t, "a renewal without CRLs", p.addCluster(t, "east"), "ApplySecret east")

	p = newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "north", "west")
	publish(t, p.rootDir)
	csr := request(t, p.clusterDir, "east")
	requireRollout(t, "the first cluster", install(t, p.clusterDir, p.sign(t, csr, "east").Response),
		"Exchange", "Exchange north west", "ApplyCRLs north west (remote)", "WaitProxies north west", "ApplySecret east")
	exchange(t, p.clusterDir, p.rootDir)
	requireRollout(t, "the same response", install(t, p.clusterDir, p.sign(t, csr, "east").Response))
	p.advance(time.Hour)
	requireRollout(t, "a second cluster", p.addCluster(t, "south"),
		"Exchange", "ApplyCRLs east", "Exchange north west", "ApplyCRLs north west (remote)", "WaitProxies east north west", "ApplySecret south")
	exchange(t, p.clusterDir, p.rootDir)
	p.advance(time.Hour)
	revoke(t, p.rootDir, fabric.RevokeOptions{Now: true}, "west")
	requireRollout(t, "the same response with a revocation", install(t, p.clusterDir, p.sign(t, csr, "east").Response),
		"ApplyCRLs east south", "Exchange north west", "ApplyCRLs north west (remote)")
	exchange(t, p.rootDir, p.clusterDir)
	requireRollout(t, "a renewal", p.addCluster(t, "east"),
		"Exchange", "ApplyCRLs south", "Exchange north west", "ApplyCRLs north west (remote)", "WaitProxies north south west", "ApplySecret east")
}
