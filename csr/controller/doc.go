// Package controller signs Kubernetes requests for certificates with the issuers that a
// cluster has as TrustClusterIssuer and TrustIssuer.
//
// [Setup] adds it to a manager of controller-runtime; [Configure] prepares the
// configuration of one for those who have no wishes of their own.
//
// # Issuers
//
// An issuer is built from its specification and from the Secrets and ConfigMaps that it
// names, is checked, and then takes the place of the last one. What cannot be built, or
// does not pass its check, leaves the last good one signing, with Ready=False and the
// cause. A replica that does not lead keeps its issuers ready as well, ephemeral ones
// with an intermediate of their own.
//
// What a TrustClusterIssuer names is read in one namespace, by name, and what a
// TrustIssuer names in its own; Secrets are never listed and never cached. TrustIssuers
// are off unless [Options] say otherwise. They sign for the workloads of their namespace,
// for whoever has the verb reference on them.
//
// # Announcements
//
// The CAs of an ephemeral issuer with announce are in the ConfigMap [AnnouncementsName],
// with their CRLs, before they sign: for clusters that refuse a CA whose CRL they do not
// have. Each has a key of its own, <issuer>.<16 digits of the SHA-256 of its
// certificate>.pem, with its certificate, those between it and the root, and its CRL. It
// is removed when the CA has ended. As long as the ConfigMap cannot be written no new CA
// signs; one that was not in it for a while waits anew.
//
// A replica is not ready, to the manager's readiness check, before the CAs sign that it
// announces after its start.
//
// # Requests
//
// A request that is approved goes through the policy of its issuer and then to the CA;
// the certificate is written in one update. Nothing is written to a request before it is
// approved, since that would make the approval of istiod fail with a conflict. What the
// policy or the CA refuse for good fails the request, with all reasons. Any other error
// is tried again, at most five seconds apart, for as long as the request exists: no
// outage fails one. A request that is deleted ends its call to the CA; one that asks for
// the same as another shares it.
//
// An adapter for each kind of request knows the object. The way through policy and
// issuer is the same for all, and knows no kind.
//
// The approver, for issuers with approval: Auto, approves what would be signed and
// denies the rest. It leaves alone whoever may approve their own requests, as istiod.
package controller
