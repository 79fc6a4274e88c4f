/**
 * What nearly every part of the program uses, named in one place for the build: it lets each lazily loaded part import this, so that
 * all of it lands in one chunk. Left to itself the bundler makes a file of its own for every combination of parts that share a
 * module, and a command would load sixty of them, at half a millisecond each.
 */
import '../backends/image-key.ts'
import '../backends/index.ts'
import './atomic-write.ts'
import './commands/filters.ts'
import './commands/layout.ts'
import './config/value.ts'
import './doctor/backend.ts'
import './files.ts'
import './formats/index.ts'
import './input/json.ts'
import './input/read.ts'
import './kubernetes/runs.ts'
import './lock.ts'
import './migrate.ts'
import './nearest.ts'
import './progress.ts'
import './repair.ts'
import './report.ts'
import './signers/load.ts'
import './signers/password.ts'
import './store.ts'
import './survey.ts'
import './verify.ts'
import './version.ts'
