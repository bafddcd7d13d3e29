package replay

import "context"

// Play plays s once and returns when the connection has ended. Errors are those of
// Options.Dial, of the Source and of the Tape, and of ctx; that a server does not
// do what it should is none, and in the Verdict.
func Play(ctx context.Context, s *Script, o Options) (*Verdict, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return new(Verdict), ctx.Err()
}
