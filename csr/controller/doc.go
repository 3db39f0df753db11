// Package controller signs certificate requests in Kubernetes with the issuers that the
// objects TrustClusterIssuer and TrustIssuer of the cluster specify.
//
// Call [Configure] first, if the manager has no other purpose or may be tuned for signing,
// then manager.New, and then [Setup], which adds the controller to the manager.
//
// # Issuers
//
// An issuer is built from its specification and from the Secrets and ConfigMaps that it
// refers to. After a successful health check it replaces the active issuer. An issuer that
// is invalid or fails its check leaves the active one signing, with Ready=False and the
// reason. Replicas without leadership keep their issuers ready as well, ephemeral issuers
// with an intermediate of their own.
//
// The objects that a TrustClusterIssuer refers to are read in one namespace, those of a
// TrustIssuer in its own. They are read by name; Secrets are never listed and never cached.
// TrustIssuers are off unless [Options] enable them. They sign for the workloads of their
// namespace, and only for requesters with the verb reference on them.
//
// # Announcements
//
// An ephemeral issuer with announce writes its CAs and their CRLs to the ConfigMap
// [AnnouncementsName] before they sign, for clusters that refuse a CA without its CRL. Each
// CA has a key of its own, <issuer>.<16 digits of the SHA-256 of its certificate>.pem, with
// its certificate, those between it and the root, and its CRL. It is removed when the
// certificate has expired. A new CA does not sign while the ConfigMap cannot be written. If
// the entry of a waiting CA was missing for some time, the wait starts again.
//
// After its start a replica is not ready, to the readiness check of the manager, until its
// announced CAs sign.
//
// # Requests
//
// An approved request is evaluated against the policy of its issuer and then sent to the
// CA; the certificate is written in one update. Nothing is written to a request before its
// approval, which would make the approval by istiod fail with a conflict. A request that
// the policy or the CA refuses for good gets the condition Failed with all reasons. After
// any other error the attempt is repeated, with at most five seconds in between, for as
// long as the request exists: no outage fails a request. Deleting a request cancels its
// call to the CA. Identical requests share one call.
//
// Each kind of request has an adapter for its object; policy and issuer do not depend on
// the kind.
//
// The approver, for issuers with approval: Auto, approves the requests that would be signed
// and denies the others. It does not touch requests of clients that may approve their own
// requests, such as istiod.
package controller
