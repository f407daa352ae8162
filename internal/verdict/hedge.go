package verdict

// Hedge takes the certainty from bad verdicts that another bad one among vs may have
// brought about, by the catalogue: what has a second explanation at hand is not proved.
func Hedge(vs []Verdict) {
	var bad []ID
	for _, v := range vs {
		if v.Status.Bad() {
			bad = append(bad, v.ID)
		}
	}
	for i := range vs {
		if v := &vs[i]; v.Status.Bad() && v.Confidence == Definite && len(Explainers(v.ID, bad)) > 0 {
			v.Confidence = Likely
		}
	}
}
