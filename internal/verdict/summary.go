package verdict

// Summary counts verdicts, as the last line of a command's JSON gives them.
type Summary struct {
	Status  Status `json:"status"`
	Causes  []ID   `json:"causes"`
	Pass    int    `json:"pass"`
	Warn    int    `json:"warn"`
	Fail    int    `json:"fail"`
	Skip    int    `json:"skip"`
	Unknown int    `json:"unknown"`
}

// Summarize counts vs. The whole is as bad as its worst part: fail, else warn,
// else unknown, else pass. Skips alone, or nothing at all, are unknown: nothing was judged.
func Summarize(vs []Verdict) Summary {
	s := Summary{Causes: Causes(vs)}
	for _, v := range vs {
		switch v.Status {
		case Pass:
			s.Pass++
		case Warn:
			s.Warn++
		case Fail:
			s.Fail++
		case Skip:
			s.Skip++
		default:
			s.Unknown++
		}
	}
	switch {
	case s.Fail > 0:
		s.Status = Fail
	case s.Warn > 0:
		s.Status = Warn
	case s.Unknown > 0, s.Pass == 0:
		s.Status = Unknown
	default:
		s.Status = Pass
	}
	return s
}

// OrPass is s of a room that gives verdicts only where something is wrong: without
// any it passes if judged says that there was enough to judge.
func (s Summary) OrPass(judged bool) Summary {
	if judged && s.Pass+s.Warn+s.Fail+s.Skip+s.Unknown == 0 {
		s.Status = Pass
	}
	return s
}
