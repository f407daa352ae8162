package term

import (
	"io"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Style returns an empty style that renders colours only where the stream
// shows them.
func (s *Stream) Style() lipgloss.Style {
	r := lipgloss.NewRenderer(io.Discard)
	if s.Color {
		r.SetColorProfile(termenv.ANSI)
	} else {
		r.SetColorProfile(termenv.Ascii)
	}
	return r.NewStyle()
}

// Good, Bad, Doubt and Dim are the four colours of muster: what works, what
// does not, what may not, and what only accompanies.
func (s *Stream) Good(text string) string {
	return s.Style().Foreground(lipgloss.Color("2")).Render(text)
}
func (s *Stream) Bad(text string) string {
	return s.Style().Foreground(lipgloss.Color("1")).Render(text)
}
func (s *Stream) Doubt(text string) string {
	return s.Style().Foreground(lipgloss.Color("3")).Render(text)
}
func (s *Stream) Dim(text string) string { return s.Style().Faint(true).Render(text) }
