package netlab

type relay struct{}

func (s *Switch) stopRelays() {}
