package release

import "strings"

// SerialUIDs are the serialVersionUIDs of the classes of Tomcat's cluster whose
// objects travel between its nodes. A receiver takes an object whose number is
// that of its own class alone.
type SerialUIDs struct {
	Message      int64 // ha.session.SessionMessageImpl
	Base         int64 // ha.ClusterMessageBase, its superclass
	DeltaSession int64 // ha.session.DeltaSession
	MapMessage   int64 // tribes.tipis.AbstractReplicatedMap$MapMessage
	Member       int64 // tribes.membership.MemberImpl
}

// serialRow is one row of the table: the numbers from a release of a line on.
type serialRow struct {
	from string // a release; all of its line behind it too, until the next row
	SerialUIDs
}

// The table holds what the classes of the releases that can be had say (6.0.13,
// .14, .16, .18, .26, .29, .33, .35 to .45, 7.0.109, 8.0.53, 8.5.92, 9.0.1, 9.0.113,
// 10.0.27, 10.1.56, 11.0.21), and for the other borders what their sources do. It is
// by line and release, the newest row of a line last.
var serialTable = []serialRow{
	{"6.0.0", SerialUIDs{-7110773160397277922, 4038460056112398943, -4826440118784847996, 2816383145215826184, -4825135241754990870}},
	{"6.0.14", SerialUIDs{-7110773160397277922, 4038460056112398943, -4826440118784847996, 2816383145215826184, -1862635219583123859}},
	{"6.0.16", SerialUIDs{-7110773160397277922, 4038460056112398943, -3311705520540635940, -5885374181203096122, -4043658751168642322}},
	{"6.0.18", SerialUIDs{-7110773160397277922, 4038460056112398943, -4341681688607960148, -5885374181203096122, -4043658751168642322}},
	{"6.0.26", SerialUIDs{-7110773160397277922, 4038460056112398943, -3374498814889427741, -5885374181203096122, -4043658751168642322}},
	{"6.0.33", SerialUIDs{-7110773160397277922, 4038460056112398943, -6272655129941429437, -5885374181203096122, -4043658751168642322}},
	{"6.0.35", SerialUIDs{-7110773160397277922, 4038460056112398943, -402233031880538796, -5885374181203096122, -4043658751168642322}},
	{"6.0.43", SerialUIDs{-7110773160397277922, 4038460056112398943, -402233031880538796, 1, -4043658751168642322}},
	{"6.0.45", SerialUIDs{-7110773160397277922, 4038460056112398943, -6272655129941429437, 1, -4043658751168642322}},
	{"7.0.0", SerialUIDs{1, 1, 3130975136276510241, 1, -3747696661765742913}},
	{"7.0.31", SerialUIDs{1, 1, 3130975136276510241, 1, 9101965184867046152}},
	{"7.0.69", SerialUIDs{1, 1, 3130975136276510241, 1, -5400603719024120549}},
	{"8.0.0", SerialUIDs{2, 1, 2867907695408841010, 1, 3323947316117794076}},
	{"8.5.0", SerialUIDs{2, 1, 296450023228352885, 1, -3881480645479112067}},
	{"8.5.1", SerialUIDs{2, 1, 296450023228352885, 1, 3323947316117794076}},
	{"9.0.0", SerialUIDs{2, 1, 2867907695408841010, 1, 3323947316117794076}},
	{"9.0.2", SerialUIDs{2, 1, 296450023228352885, 1, 3323947316117794076}},
	{"10.0.0", SerialUIDs{2, 1, 296450023228352885, 1, 6004750745337223678}},
	{"10.1.0", SerialUIDs{2, 1, 296450023228352885, 1, 6004750745337223678}},
	{"10.1.40", SerialUIDs{2, 1, 296450023228352885, 1, -8901659902996040089}},
	{"11.0.0", SerialUIDs{2, 1, 296450023228352885, 1, 6004750745337223678}},
	{"11.0.6", SerialUIDs{2, 1, 296450023228352885, 1, -8901659902996040089}},
}

// SerialUIDs are those of r; ok is false for a line without Tribes. Where the
// release is not known, they are those of the newest of its line.
func (r Release) SerialUIDs() (uids SerialUIDs, ok bool) {
	for _, row := range serialTable {
		if strings.HasPrefix(row.from, r.Line+".") && r.Has(row.from) {
			uids, ok = row.SerialUIDs, true
		}
	}
	return uids, ok
}

// OfMember names the releases whose MemberImpl has a serialVersionUID, or "".
// It is what tells 9.0, 10.0 and 10.1 apart on the wire.
func OfMember(uid int64) string {
	switch uid {
	case -4825135241754990870:
		return "Tomcat 6.0.13 or older"
	case -1862635219583123859:
		return "Tomcat 6.0.14"
	case -4043658751168642322:
		return "Tomcat 6.0.16 or later"
	case -3747696661765742913:
		return "Tomcat 7.0.0 to 7.0.30"
	case 9101965184867046152:
		return "Tomcat 7.0.31 to 7.0.68"
	case -5400603719024120549:
		return "Tomcat 7.0.69 or later"
	case -3881480645479112067:
		return "Tomcat 8.5.0"
	case 3323947316117794076:
		return "Tomcat 8.0, 8.5 or 9.0"
	case 6004750745337223678:
		return "Tomcat 10.0, 10.1.0 to 10.1.39 or 11.0.0 to 11.0.5"
	case -8901659902996040089:
		return "Tomcat 10.1.40 or later, 11.0.6 or later"
	}
	return ""
}

// OfMessage names the releases whose SessionMessageImpl has a serialVersionUID.
func OfMessage(uid int64) string {
	switch uid {
	case -7110773160397277922:
		return "Tomcat 6.0"
	case 1:
		return "Tomcat 7.0"
	case 2:
		return "Tomcat 8.0 or later"
	}
	return ""
}
