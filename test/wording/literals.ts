/** The string literals of a TypeScript file, without comments, regular expressions and what stands in `${…}`. */

/** @example literalsIn("const a = 'b' // 'c'") // [{ line: 1, text: 'b' }] */
export function literalsIn(code: string): readonly { readonly line: number; readonly text: string }[] {
  const out: { line: number; text: string }[] = []
  let [at, line] = [0, 1]
  let before = ''
  const take = (end: string): void => {
    const began = line
    let text = ''
    at++
    while (at < code.length && code[at] !== end) {
      if (end === '`' && code.startsWith('${', at)) {
        text += '…'
        at += 2
        scan('}')
      } else {
        if (code[at] === '\\') text += code[at++]
        if (code[at] === '\n') line++
        text += code[at++]
      }
    }
    at++
    out.push({ line: began, text })
    before = end
  }
  const scan = (until: string | undefined): void => {
    let depth = 0
    while (at < code.length) {
      const c = code[at] ?? ''
      if (until !== undefined && c === until && depth === 0) {
        at++
        return
      }
      if (code.startsWith('//', at)) at = endOf('\n') - 1
      else if (code.startsWith('/*', at)) skip(endOf('*/'))
      else if (c === '/' && isRegExp(before)) skipRegExp()
      else if (c === "'" || c === '"' || c === '`') take(c)
      else {
        if (c === '{') depth++
        if (c === '}') depth--
        if (c === '\n') line++
        if (/\S/.test(c))
          before = /\w/.test(c) && /\w/.test(before.at(-1) ?? '') && /\w/.test(code[at - 1] ?? '') ? before + c : c
        at++
      }
    }
  }
  const endOf = (text: string): number => {
    const found = code.indexOf(text, at)
    return found < 0 ? code.length : found + text.length
  }
  const skip = (to: number): void => {
    while (at < to) if (code[at++] === '\n') line++
  }
  const skipRegExp = (): void => {
    let inClass = false
    for (at++; at < code.length && (code[at] !== '/' || inClass) && code[at] !== '\n'; at++) {
      if (code[at] === '\\') at++
      else if (code[at] === '[') inClass = true
      else if (code[at] === ']') inClass = false
    }
    at++
    before = '/'
  }
  scan(undefined)
  return out
}

function isRegExp(before: string): boolean {
  return before === '' || /^(?:[(,=:[!&|?{};>+]|return|case)$/.test(before)
}
