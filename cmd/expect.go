package cmd

import (
	"context"

	"muster/internal/expect"
)

// parseExpect reads --expect, which means the same in every command.
func parseExpect(ctx context.Context, s string) (expect.Expect, error) {
	e, err := expect.Parse(ctx, s)
	if err != nil {
		return e, usagef("--expect %w", err)
	}
	return e, nil
}
