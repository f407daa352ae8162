package release

import "muster/tribes"

// Form is the form of the heartbeats and messages of r.
func (r Release) Form() tribes.Generation {
	switch r.Line {
	case "5.5":
		return tribes.V55
	case "6.0":
		return tribes.V0
	}
	return tribes.V1
}
