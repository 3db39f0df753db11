package rollout

// Kind is what a step does.
type Kind string

// The kinds of steps. The clusters of a step are those in [Step.Clusters].
const (
	// Reissue requests, signs and installs another intermediate for clusters whose keys are in
	// other directories, and imports its CRL into this one. It changes directories only.
	Reissue Kind = "Reissue"
	// Exchange imports the CAs and CRLs of this directory into the directories of the clusters. No
	// clusters means the directory of the CA that signed.
	Exchange Kind = "Exchange"
	// ApplyCRLs applies the CRL bundle, and leaves the CA of the clusters as it is.
	ApplyCRLs Kind = "ApplyCRLs"
	// ApplySecret applies the whole CA bundle: key, chain, roots and CRLs.
	ApplySecret Kind = "ApplySecret"
	// WaitProxies waits until the proxies of the clusters have the CRL bundle.
	WaitProxies Kind = "WaitProxies"
	// RestartWorkloads restarts the workloads of the clusters.
	RestartWorkloads Kind = "RestartWorkloads"
	// WaitRenewal waits until no workload of the clusters has a certificate of a replaced
	// intermediate.
	WaitRenewal Kind = "WaitRenewal"
	// Finish revokes the intermediates of the clusters whose revocation is pending. It changes
	// the directory, and has a rollout of its own.
	Finish Kind = "Finish"
)

// Step is one step of a rollout. It begins when the step before it is complete.
type Step struct {
	Kind     Kind
	Clusters []string // sorted
	// Remote reports that the bundles to apply are in the directories of the clusters.
	Remote bool
	// Why is the reason for the step at this place of the order: a clause without a final
	// period.
	Why string
}
