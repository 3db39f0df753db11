package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trustgen/trustgen/secrets/rollout"
)

func step(kind rollout.Kind, clusters ...string) rollout.Step {
	return rollout.Step{Kind: kind, Clusters: clusters}
}

func remote(kind rollout.Kind, clusters ...string) rollout.Step {
	return rollout.Step{Kind: kind, Clusters: clusters, Remote: true}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change rollout.Change
		want   []rollout.Step
	}{
		"nothing has changed": {rollout.Change{Publishes: true}, nil},
		"without CRLs only the clusters with new intermediates have steps": {
			rollout.Change{Unchanged: []string{"west"}, Created: []string{"east"}, Remote: []string{"south"}},
			[]rollout.Step{step(rollout.ApplySecret, "east")},
		},
		"the CRL of a new intermediate reaches the others first": {
			rollout.Change{Publishes: true, Unchanged: []string{"west", "north"}, Replaced: []string{"east"}, Remote: []string{"south"}},
			[]rollout.Step{
				step(rollout.ApplyCRLs, "north", "west"), step(rollout.Exchange, "south"), remote(rollout.ApplyCRLs, "south"),
				step(rollout.WaitProxies, "north", "south", "west"), step(rollout.ApplySecret, "east"),
			},
		},
		"of several replaced at once each has the CRLs of all first": {
			rollout.Change{Publishes: true, Replaced: []string{"west", "east"}, Created: []string{"north"}},
			[]rollout.Step{step(rollout.ApplyCRLs, "east", "west"), step(rollout.WaitProxies, "east", "west"), step(rollout.ApplySecret, "east", "north", "west")},
		},
		"a single cluster that is replaced has nobody to wait for": {
			rollout.Change{Publishes: true, Replaced: []string{"east"}},
			[]rollout.Step{step(rollout.ApplySecret, "east")},
		},
		"clusters that get their first intermediate get the CRLs with it": {
			rollout.Change{Publishes: true, Created: []string{"west", "east"}},
			[]rollout.Step{step(rollout.ApplySecret, "east", "west")},
		},
		"new CRLs alone are applied everywhere": {
			rollout.Change{Publishes: true, Unchanged: []string{"east"}, Remote: []string{"south"}},
			[]rollout.Step{step(rollout.ApplyCRLs, "east"), step(rollout.Exchange, "south"), remote(rollout.ApplyCRLs, "south")},
		},
		"sidecars that run do not read the first CRLs": {
			rollout.Change{Publishes: true, FirstPublication: true, Unchanged: []string{"west"}, Remote: []string{"south"}},
			[]rollout.Step{step(rollout.ApplyCRLs, "west"), step(rollout.Exchange, "south"), remote(rollout.ApplyCRLs, "south"), step(rollout.RestartWorkloads, "south", "west")},
		},
		"at the first publication nobody waits, and nobody restarts twice": {
			rollout.Change{Publishes: true, FirstPublication: true, Unchanged: []string{"west"}, Replaced: []string{"east"}, Pending: []string{"east"}},
			[]rollout.Step{
				step(rollout.ApplyCRLs, "west"), step(rollout.ApplySecret, "east"), step(rollout.RestartWorkloads, "east", "west"),
				step(rollout.WaitRenewal, "east"), step(rollout.Finish, "east"),
			},
		},
		"a remote cluster without a successor restarts at the first publication as well": {
			rollout.Change{Publishes: true, FirstPublication: true, Unchanged: []string{"west"}, Pending: []string{"south"}, WithoutCA: []string{"south"}},
			[]rollout.Step{
				step(rollout.Reissue, "south"), step(rollout.ApplyCRLs, "west"), step(rollout.Exchange, "south"), remote(rollout.ApplyCRLs, "south"),
				remote(rollout.ApplySecret, "south"), step(rollout.RestartWorkloads, "south", "west"),
				step(rollout.WaitRenewal, "south"), step(rollout.Finish, "south"),
			},
		},
		"a revocation at once restarts all at the first publication": {
			rollout.Change{Publishes: true, FirstPublication: true, Revokes: true, Unchanged: []string{"north"}, Replaced: []string{"west"}, Cut: []string{"west"}},
			[]rollout.Step{step(rollout.ApplySecret, "west"), step(rollout.ApplyCRLs, "north"), step(rollout.RestartWorkloads, "north", "west")},
		},
		"the directory that signed gets the CRL first": {
			rollout.Change{Publishes: true, SignedRemotely: true, Created: []string{"east"}, Remote: []string{"west"}},
			[]rollout.Step{
				step(rollout.Exchange), step(rollout.Exchange, "west"), remote(rollout.ApplyCRLs, "west"),
				step(rollout.WaitProxies, "west"), step(rollout.ApplySecret, "east"),
			},
		},
		"without CRLs the directory that signed needs nothing": {
			rollout.Change{SignedRemotely: true, Created: []string{"east"}},
			[]rollout.Step{step(rollout.ApplySecret, "east")},
		},
		"a local successor waits for the CRL of a remote one": {
			rollout.Change{Publishes: true, Unchanged: []string{"west"}, Replaced: []string{"east"}, Pending: []string{"east", "south"}, WithoutCA: []string{"south"}},
			[]rollout.Step{
				step(rollout.Reissue, "south"), step(rollout.ApplyCRLs, "east", "west"), step(rollout.Exchange, "south"), remote(rollout.ApplyCRLs, "south"),
				step(rollout.WaitProxies, "east", "south", "west"), step(rollout.ApplySecret, "east"), remote(rollout.ApplySecret, "south"),
				step(rollout.WaitRenewal, "east", "south"), step(rollout.Finish, "east", "south"),
			},
		},
		"a pending revocation waits for the successor": {
			rollout.Change{Publishes: true, Unchanged: []string{"west"}, Replaced: []string{"east"}, Pending: []string{"east"}},
			[]rollout.Step{
				step(rollout.ApplyCRLs, "west"), step(rollout.WaitProxies, "west"), step(rollout.ApplySecret, "east"),
				step(rollout.WaitRenewal, "east"), step(rollout.Finish, "east"),
			},
		},
		"a remote cluster gets its successor before its revocation is finished": {
			rollout.Change{Publishes: true, Unchanged: []string{"west"}, Pending: []string{"south"}, WithoutCA: []string{"south"}},
			[]rollout.Step{
				step(rollout.Reissue, "south"), step(rollout.ApplyCRLs, "west"), step(rollout.Exchange, "south"), remote(rollout.ApplyCRLs, "south"),
				step(rollout.WaitProxies, "south", "west"), remote(rollout.ApplySecret, "south"),
				step(rollout.WaitRenewal, "south"), step(rollout.Finish, "south"),
			},
		},
		"a revocation reaches all clusters without waiting": {
			rollout.Change{Publishes: true, Revokes: true, Unchanged: []string{"west"}, Replaced: []string{"east"}, Remote: []string{"south"}, Cut: []string{"east"}},
			[]rollout.Step{
				step(rollout.ApplySecret, "east"), step(rollout.ApplyCRLs, "west"), step(rollout.Exchange, "south"), remote(rollout.ApplyCRLs, "south"),
				step(rollout.RestartWorkloads, "east"),
			},
		},
		"a revocation of others does not wait for a pending one": {
			rollout.Change{Publishes: true, Revokes: true, Unchanged: []string{"west"}, Replaced: []string{"east"}, Pending: []string{"east"}},
			[]rollout.Step{
				step(rollout.ApplyCRLs, "east", "west"),
				step(rollout.ApplyCRLs, "west"), step(rollout.WaitProxies, "west"), step(rollout.ApplySecret, "east"),
				step(rollout.WaitRenewal, "east"), step(rollout.Finish, "east"),
			},
		},
		"a remote cluster that is left without an intermediate gets one at the end": {
			rollout.Change{Publishes: true, Revokes: true, Unchanged: []string{"west"}, Remote: []string{"north"}, WithoutCA: []string{"south"}},
			[]rollout.Step{
				step(rollout.ApplyCRLs, "west"), step(rollout.Exchange, "north", "south"), remote(rollout.ApplyCRLs, "north", "south"),
				step(rollout.Reissue, "south"), remote(rollout.ApplySecret, "south"),
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := rollout.Plan(tt.change)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(rollout.Step{}, "Why"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			for i, s := range got {
				if s.Why == "" {
					t.Errorf("step %d, %s, has no reason", i+1, s.Kind)
				}
			}
		})
	}
}
