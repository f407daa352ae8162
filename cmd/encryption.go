package cmd

import (
	"log/slog"
	"slices"

	"github.com/spf13/pflag"

	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/stage"
	"muster/tribes/decode"
	"muster/tribes/interceptor"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

// encryptionFlags are those of a cluster with an EncryptInterceptor.
type encryptionFlags struct {
	keyFile   string
	algorithm string
	stamps    string

	key []byte // of server.xml, where no file was given
}

var encryptionForms = map[string]stage.Form{"auto": stage.AutoForm, "yes": stage.Timestamped, "no": stage.Bare}

func (f *encryptionFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.keyFile, "encryption-key-file", "", "a `FILE` with the encryptionKey: hex digits. Messages are encrypted as EncryptInterceptor does")
	fs.StringVar(&f.algorithm, "encryption-algorithm", "", "its encryptionAlgorithm: `CIPHER/MODE/PADDING` (default: that of --release; else both of Tomcat's are read, and the one heard last is sent, "+interceptor.AlgorithmGCM+" before that)")
	fs.StringVar(&f.stamps, "encryption-timestamp", "auto", "encrypt a time stamp with each message, `yes|no|auto`: yes as Tomcats from 9.0.119, 10.1.56 and 11.0.23 on, no as those before, auto as --release or the others do")
}

// stage makes the stage that encrypts, nil where there is no key. What no flag says is as
// the release has it, where that is known.
func (f *encryptionFlags) stage(a *app, rel release.Release, log *slog.Logger) (*stage.Encrypt, error) {
	form, ok := encryptionForms[f.stamps]
	switch {
	case !ok:
		return nil, usagef("--encryption-timestamp %q: say auto, yes or no", f.stamps)
	case f.keyFile == "" && f.key == nil && f.algorithm != "":
		return nil, usagef("--encryption-algorithm needs --encryption-key-file")
	case f.keyFile == "" && f.key == nil:
		return nil, nil
	}
	if f.algorithm != "" {
		if _, err := interceptor.ParseAlgorithm(f.algorithm); err != nil {
			return nil, usagef("--encryption-algorithm: %w", err)
		}
	}
	key := f.key
	if f.keyFile != "" {
		var err error
		if key, err = a.readKey(f.keyFile); err != nil {
			return nil, err
		}
	}
	algorithm := f.algorithm
	if !rel.IsZero() {
		if algorithm == "" {
			algorithm = rel.DefaultCipher()
		}
		if form == stage.AutoForm {
			form = stage.Bare
			if rel.SealsTime() {
				form = stage.Timestamped
			}
		}
	}
	return stage.NewEncrypt(stage.EncryptConfig{Algorithm: algorithm, Key: key, Form: form, Logger: log})
}

// encrypting is the release by whose defaults messages are encrypted: the one that was
// given, else that of the server.xml.
func (f *clusterFlags) encrypting(given release.Release) release.Release {
	if given.IsZero() {
		return f.fileRelease
	}
	return given
}

// stages are the interceptors of the cluster: those of server.xml in their
// order, and the one that encrypts where only the flags ask for it.
func (f *clusterFlags) stages(a *app, rel release.Release, log *slog.Logger) ([]channel.Stage, error) {
	encrypt, err := f.encryption.stage(a, rel, log)
	if err != nil {
		return nil, err
	}
	var out []channel.Stage
	if encrypt != nil && !slices.ContainsFunc(f.interceptors, func(i serverxml.Interceptor) bool { return i.Class == "EncryptInterceptor" }) {
		out = append(out, encrypt)
	}
	for _, i := range f.interceptors {
		switch i.Class {
		case "EncryptInterceptor":
			if encrypt != nil {
				out = append(out, encrypt)
			}
		case "GzipInterceptor":
			always := !rel.IsZero() && !rel.AtLeast("9.0") // of each message, and said nowhere
			out = append(out, &stage.Gzip{Gzip: interceptor.Gzip{Always: always, MinSize: i.Size}})
		case "FragmentationInterceptor":
			out = append(out, stage.NewFragment(i.Size, i.Flag))
		case "OrderInterceptor":
			out = append(out, stage.NewOrder(i.Flag))
		case "TwoPhaseCommitInterceptor":
			out = append(out, stage.NewTwoPhase(i.Flag))
		case "DomainFilterInterceptor":
			out = append(out, stage.NewDomain(i.Domain, log))
		}
	}
	return out, nil
}

// readKey reads a key file, and says a word where any user can.
func (a *app) readKey(path string) ([]byte, error) {
	key, exposed, err := interceptor.ReadKeyFile(path)
	if exposed {
		a.note("every user of this host can read the key in %s: chmod o= %s", path, path)
	}
	return key, err
}

// decoder is for one that only looks: it opens what members sealed, in either
// form of the plaintext. Without a key it opens nothing.
func (f *encryptionFlags) decoder(a *app) (d decode.Decoder, err error) {
	switch {
	case f.keyFile != "":
		d.Encryption, err = a.readEncryption(f.keyFile, f.algorithm)
	case f.key != nil:
		d.Encryption, err = encryptions(f.key, f.algorithm)
	}
	return d, err
}
