package fabric_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/fabric"
)

const (
	day  = 24 * time.Hour
	year = ca.DefaultIntermediateLifetime
)

func TestEnsure_CreatesARootAndAnIntermediateForEachCluster(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	got := ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	if diff := cmp.Diff(map[string]fabric.Action{"east": fabric.Created, "west": fabric.Created}, actions(got)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if !got.RootCreated || !strings.HasPrefix(got.Root.Subject, "root ") || !got.Root.NotAfter.Equal(catest.Now().Add(ca.DefaultRootLifetime)) {
		t.Errorf("the root is %+v, created %t", got.Root, got.RootCreated)
	}
	for _, cluster := range []string{"east", "west"} {
		bundle := catest.Must(f.Bundle(t.Context(), cluster))(t)
		if subject := bundle.Certificate().Subject; !strings.HasPrefix(subject.CommonName, cluster+" ") || subject.Organization[0] != "cluster.local" {
			t.Errorf("the subject of %s is %s", cluster, subject)
		}
		if violations := ca.VerifyIntermediate(bundle.Chain(), ca.VerifyOptions{Now: catest.Now, Roots: bundle.Roots()}); violations != nil {
			t.Errorf("%s: %v", cluster, violations)
		}
	}
}

func TestEnsure_WritesTheFilesInTheirModes(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	modes := make(map[string]string)
	for name, content := range tree(t, f.Dir()) {
		modes[name], _, _ = strings.Cut(content, "\n")
	}
	want := map[string]string{
		".trustgen/version":            "-rw-------",
		"fabric.yaml":                  "-rw-r--r--",
		"root-cert.pem":                "-rw-r--r--",
		"root-key.pem":                 "-rw-------",
		"clusters/east/ca-cert.pem":    "-rw-r--r--",
		"clusters/east/ca-key.pem":     "-rw-------",
		"clusters/east/cert-chain.pem": "-rw-r--r--",
		"clusters/east/root-cert.pem":  "-rw-r--r--",
	}
	for _, cert := range catest.Must(f.Bundle(t.Context(), "east"))(t).Chain() {
		want[recordFile(t, cert)] = "-rw-r--r--"
	}
	if diff := cmp.Diff(want, modes); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestEnsure_KeepsWhatIsValidAndRenewsWhatIsDue(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after time.Duration
		renew bool
		want  fabric.Action
	}{
		"at once":                           {0, false, fabric.Kept},
		"with a third of its life left":     {2*year/3 - time.Minute, false, fabric.Kept},
		"with less than a third":            {2*year/3 + time.Minute, false, fabric.Renewed},
		"when it has expired":               {year + day, false, fabric.Renewed},
		"when it is valid, on request":      {0, true, fabric.Renewed},
		"in its last second":                {year, false, fabric.Renewed},
		"one second before a third is left": {2*year/3 - 21*time.Second, false, fabric.Kept},
		"before its start":                  {-30 * time.Second, false, fabric.Kept},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{}, "east")
			before := tree(t, f.Dir())
			c.advance(test.after)
			got := ensure(t, f, fabric.EnsureOptions{Renew: test.renew}, "east").Clusters[0]
			if got.Action != test.want {
				t.Fatalf("the intermediate is %s, want %s", got.Action, test.want)
			}
			if test.want == fabric.Kept {
				unchanged(t, f.Dir(), before)
			}
		})
	}
}

func TestEnsure_RenewsWithANewKeyAndNameAndKeepsTheOldBundle(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	old, west := catest.Must(f.Bundle(t.Context(), "east"))(t), catest.Must(f.Bundle(t.Context(), "west"))(t)
	for range 2 { // twice in a second
		ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	}
	renewed := catest.Must(f.Bundle(t.Context(), "east"))(t)
	if ca.MatchKey(old.Key(), renewed.Certificate()) {
		t.Error("the key is the old one")
	}
	if old.Certificate().Subject.CommonName == renewed.Certificate().Subject.CommonName {
		t.Error("the name is the old one")
	}
	for name, data := range old.Files() {
		kept := filepath.Join(f.Dir(), store.SupersededFolder, "clusters/east/20260102T030405Z", name)
		if got := catest.Must(os.ReadFile(kept))(t); !bytes.Equal(got, data) {
			t.Errorf("%s is not what it was", kept)
		}
	}
	if diff := cmp.Diff(west.Files(), catest.Must(f.Bundle(t.Context(), "west"))(t).Files()); diff != "" {
		t.Errorf("west has changed too (-before +after):\n%s", diff)
	}
}

func TestEnsure_GivesNoNameToASecondKey(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	keys := []crypto.Signer{catest.Key("root"), catest.Key("first"), catest.Key("first"), catest.Key("second"), catest.Key("first"), catest.Key("second"), catest.Key("third")}
	fabric.SetGenerateKey(f, func(ca.KeyType) (crypto.Signer, error) {
		if len(keys) == 0 {
			return nil, errors.New("no key is left")
		}
		next := keys[0]
		keys = keys[1:]
		return next, nil
	})
	names := make([]string, 3)
	for i := range names {
		names[i] = ensure(t, f, fabric.EnsureOptions{Renew: true}, "east").Clusters[0].Certificate.Subject
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 3 || len(keys) != 0 {
		t.Errorf("three intermediates have the names %v, %d keys are left", names, len(keys))
	}
}

func TestEnsure_AppliesItsOptionsToTheCertificates(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	end := catest.Now().Add(90 * day)
	rootEnd := catest.Now().Add(180 * day)
	result := ensure(t, f, fabric.EnsureOptions{
		KeyType:  ca.P256, // the default is that of the root
		NotAfter: end,
		Root:     fabric.RootOptions{KeyType: ca.P384, CommonName: "anchor", Organization: "Example", TrustDomain: "example.com", NotAfter: rootEnd},
	}, "east")
	east := result.Clusters[0].Certificate
	if east.KeyType != ca.P256 || !east.NotAfter.Equal(end) {
		t.Errorf("the intermediate has a key of %s and ends at %s", east.KeyType, east.NotAfter)
	}
	if root := result.Root; root.KeyType != ca.P384 || !root.NotAfter.Equal(rootEnd) || !strings.HasPrefix(root.Subject, "anchor ") {
		t.Errorf("the root is %+v", root)
	}
	bundle := catest.Must(f.Bundle(t.Context(), "east"))(t)
	if got := bundle.Certificate().Subject.Organization; !slices.Equal(got, []string{"Example"}) {
		t.Errorf("the organization is %v", got)
	}
	if got := string(catest.Must(os.ReadFile(filepath.Join(f.Dir(), "fabric.yaml")))(t)); got != "trustDomain: example.com\nversion: 1\n" {
		t.Errorf("fabric.yaml is %q", got)
	}
}

func TestEnsure_UsesTheKeyTypeOfTheRootByDefault(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	catest.Must(f.Init(t.Context(), fabric.InitOptions{RootOptions: fabric.RootOptions{KeyType: ca.P384}}))(t)
	if got := ensure(t, f, fabric.EnsureOptions{}, "east").Clusters[0].Certificate.KeyType; got != ca.P384 {
		t.Errorf("the key type is %s, want that of the root", got)
	}
	if got := ensure(t, f, fabric.EnsureOptions{KeyType: ca.P256}, "west").Clusters[0].Certificate.KeyType; got != ca.P256 {
		t.Errorf("the key type is %s, want the requested one", got)
	}
}

func TestEnsure_DryRunReportsAndChangesNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	got := ensure(t, f, fabric.EnsureOptions{DryRun: true}, "east")
	if !got.RootCreated || got.Clusters[0].Action != fabric.Created {
		t.Errorf("in an empty directory: %+v", got)
	}
	unchanged(t, f.Dir(), map[string]string{})
	ensure(t, f, fabric.EnsureOptions{}, "east")
	before := tree(t, f.Dir())
	got = ensure(t, f, fabric.EnsureOptions{DryRun: true, Renew: true}, "east", "west")
	if diff := cmp.Diff(map[string]fabric.Action{"east": fabric.Renewed, "west": fabric.Created}, actions(got)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{DryRun: true, NotAfter: catest.Now().Add(20 * 365 * day)})
	if !errors.Is(err, ca.RuleWithinIssuer) {
		t.Errorf("a dry run does not refuse what a real one would: %v", err)
	}
	unchanged(t, f.Dir(), before)
}

func TestEnsure_IsOneTransactionForAllClusters(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	damage(t, f, "east", "ca-key.pem", nil)
	before := tree(t, f.Dir())
	if _, err := f.Ensure(t.Context(), []string{"north", "east", "west"}, fabric.EnsureOptions{}); err == nil {
		t.Fatal("a damaged cluster is no error")
	}
	unchanged(t, f.Dir(), before)
}

func TestEnsure_CanceledContextChangesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	if _, err := f.Ensure(canceled(t), []string{"east"}, fabric.EnsureOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that of the context", err)
	}
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", f.Dir(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var half sync.Once
	_, err := f.Ensure(ctx, numbered(50), fabric.EnsureOptions{Progress: func(done int) {
		if done > 10 {
			half.Do(cancel)
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that of the context", err)
	}
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", f.Dir(), err)
	}
}

func TestEnsure_ReportsProgressForEveryCluster(t *testing.T) {
	t.Parallel()
	var seen []int
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{Progress: func(done int) { seen = append(seen, done) }}, numbered(20)...)
	for i, done := range seen {
		if done != i+1 {
			t.Fatalf("the counts are %v", seen)
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d clusters were counted, want 20", len(seen))
	}
}

func TestEnsure_SeveralProcessesTakeTurns(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	var group errgroup.Group
	for i := range 4 {
		group.Go(func() error {
			other, err := fabric.Open(t.Context(), f.Dir(), fabric.Options{Now: catest.Now, LockTimeout: time.Hour})
			if err == nil {
				_, err = other.Ensure(t.Context(), []string{"east", fmt.Sprintf("own-%d", i)}, fabric.EnsureOptions{Renew: true})
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	status := catest.Must(f.Status(t.Context()))(t)
	for _, cluster := range status.Clusters {
		if cluster.Err != nil {
			t.Errorf("%s: %v", cluster.Name, cluster.Err)
		}
	}
	if len(status.Clusters) != 5 {
		t.Errorf("there are %d clusters, want 5", len(status.Clusters))
	}
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("cluster-%d", i)
	}
	return names
}
