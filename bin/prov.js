#!/usr/bin/env node
// Starts prov. It has to parse on an old Node.js, so that a reader there gets one clear line instead of a syntax error:
// no top-level await, no `node:` imports, nothing newer than ES2018. The ranges are those of `engines` in package.json (a test compares).
const OLDEST = [
  [22, 22, 2],
  [24, 15, 0],
]
const NEXT = 26

function supported(version) {
  const have = version.split('.').map(Number)
  if (have[0] >= NEXT) return true
  return OLDEST.some((least) => {
    if (have[0] !== least[0]) return false
    return have[1] > least[1] || (have[1] === least[1] && have[2] >= least[2])
  })
}

// V8's compiled code is kept in the user's own cache folder, never in the shared temporary one, where another account could
// put code of its own in its place. Without a home, or on a disk that cannot be written, prov just compiles again.
function keepCompiledCode(env) {
  const base = env.XDG_CACHE_HOME || (env.HOME ? `${env.HOME}/.cache` : '')
  if (env.NODE_COMPILE_CACHE || base[0] !== '/') return
  const folder = `${base}/prov/compiled`
  if (!canKeep(base, folder)) return
  process.getBuiltinModule('node:module').enableCompileCache(folder)
}

// Node.js makes folders with its recursive mkdir, which never returns where a file system answers ENOENT although the folder above is
// there (procfs, automount maps). So each folder is made here, one step at a time, and one in the last is tried. Where this Node.js has its own
// folder already, it makes none.
function canKeep(base, folder) {
  const fs = process.getBuiltinModule('node:fs')
  const make = (path) => {
    try {
      fs.mkdirSync(path)
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
  try {
    const found = fs.statSync(folder, { throwIfNoEntry: false })
    if (found && fs.readdirSync(folder).some((name) => name.startsWith(`${process.version}-`))) return true
    if (!found) for (const path of [base, `${base}/prov`, folder]) make(path)
    const trial = `${folder}/.trial-${process.pid}`
    make(trial)
    fs.rmdirSync(trial)
    return true
  } catch (_) {
    return false
  }
}

if (supported(process.versions.node)) {
  keepCompiledCode(process.env)
  import('../dist/cli.js')
} else {
  console.error(`prov needs Node.js ^22.22.2 || ^24.15.0 || >=26, this is ${process.versions.node}`)
  process.exitCode = 2
}
