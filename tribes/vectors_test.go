package tribes

import (
	"testing"

	"muster/internal/vectors"
)

const vectorFile = "testdata/tribes-vectors.json"

func load(t testing.TB, prefixes ...string) []vectors.Vector {
	t.Helper()
	return vectors.Load(t, vectorFile, prefixes...)
}

func one(t testing.TB, name string) vectors.Vector {
	t.Helper()
	return vectors.One(t, vectorFile, name)
}
