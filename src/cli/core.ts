/**
 * What nearly every part of the program uses, named in one place for the build: it lets each lazily loaded part import this, so that
 * all of it lands in one chunk. Left to itself the bundler makes a file of its own for every combination of parts that share a
 * module, and a command would load sixty of them, at half a millisecond each.
 */
import '../../backends/shared/image-key.ts'
import '../../backends/index.ts'
import '../platform/fs/atomic-write.ts'
import './filters.ts'
import './terminal.ts'
import '../platform/text/setting-value.ts'
import '../doctor/backend.ts'
import '../platform/fs/files.ts'
import '../formats/index.ts'
import '../platform/text/strict-json.ts'
import '../input/read.ts'
import '../kubernetes/runs.ts'
import '../platform/fs/lock-file.ts'
import '../migrate/migrate.ts'
import '../platform/text/suggest.ts'
import '../platform/progress.ts'
import '../repair/repair.ts'
import '../report/text/verify-text.ts'
import '../signing/open-signer.ts'
import '../keys/password.ts'
import '../store/store.ts'
import '../verify/survey.ts'
import '../verify/verify.ts'
import '../version.ts'
