package serverxml

import (
	"testing"

	"muster/internal/netlab"
)

func TestMain(m *testing.M) { netlab.Main(m) }
