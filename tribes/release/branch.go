package release

import "slices"

// Branch is a line of releases: what it needs and how long it is looked after.
type Branch struct {
	Line string
	Java string // the oldest Java that runs it
	Ends string // when its support ended or ends, "" is open
	Last string // its last release, or the newest one known here
}

// Branches are the lines of Tomcat, oldest first, as they were known at [AsOf].
var Branches = []Branch{
	{"5.5", "1.4", "2012-09-30", "5.5.36"},
	{"6.0", "5", "2016-12-31", "6.0.53"},
	{"7.0", "6", "2021-03-31", "7.0.109"},
	{"8.0", "7", "2018-06-30", "8.0.53"},
	{"8.5", "7", "2024-03-31", "8.5.100"},
	{"9.0", "8", "2027-03-31", "9.0.124"},
	{"10.0", "8", "2022-10-31", "10.0.27"},
	{"10.1", "11", "", "10.1.62"},
	{"11.0", "17", "", "11.0.29"},
}

// Branch returns what is known of r's line.
func (r Release) Branch() (Branch, bool) {
	i := slices.IndexFunc(Branches, func(b Branch) bool { return b.Line == r.Line })
	if i < 0 {
		return Branch{}, false
	}
	return Branches[i], true
}

// Ended reports whether the support of r's line had ended on a day (2006-01-02).
func (r Release) Ended(day string) bool {
	b, ok := r.Branch()
	return ok && b.Ends != "" && b.Ends < day
}
