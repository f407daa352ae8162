// Package provider asks whom a Tomcat with CloudMembershipService takes for its
// members: the pods API of Kubernetes, or the DNS. It asks as Tomcat does
// (T/membership/cloud), tells what came back, and judges what Tomcat makes of it.
//
// A token goes to the API that the environment names and nowhere else: not to where
// an answer redirects, and into no text of this package.
package provider
