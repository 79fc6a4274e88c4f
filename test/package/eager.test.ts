/** eager.ts: which functions of the built program get parentheses, and that the code still means the same. */
import { describe, expect, it } from 'vitest'
import { withParentheses } from '../../eager.ts'

/** The code with these functions of it in parentheses; each is named by its text. */
function wrapped(code: string, ...functions: readonly string[]): string {
  return withParentheses(
    code,
    functions.map((text) => [code.indexOf(text), code.indexOf(text) + text.length]),
  )
}

describe('functions that are compiled at once', () => {
  it('stand in parentheses where they are: arrows and expressions, one in another', () => {
    const inner = '(x) => x * 2'
    const outer = `async (list) => list.map(${inner})`
    expect(wrapped(`const all = ${outer};`, outer, inner)).toBe(
      'const all = (async (list) => list.map(((x) => x * 2)));',
    )
    expect(wrapped('use(function() {});', 'function() {}')).toBe('use((function() {}));')
  })

  it("are prov's own of the outermost level: these come first, as constants of the same name", () => {
    const arrow = '() => 1'
    const own = `function a() {\n  return ${arrow};\n}`
    const code = `import { b } from "./b.js";\n\n// src/a.ts\nvar c = a();\n${own}\nexport { a };\n`
    expect(wrapped(code, own, arrow)).toBe(
      'const a = (function a() {\n  return (() => 1);\n});\nimport { b } from "./b.js";\n\n// src/a.ts\nvar c = a();\n\nexport { a };\n',
    )
  })

  it.each([
    ['of a package', '// node_modules/x/index.js\nfunction a() {}\n', 'function a() {}'],
    ['declared in another', '// src/a.ts\nfunction a() {\n  function b() {}\n}\n', 'function b() {}'],
    ['a method', '// src/a.ts\nconst o = {\n  go() {}\n};\n', 'go() {}'],
    ['a whole file', '// src/a.ts\n1;\n', '// src/a.ts\n1;\n'],
  ])('are not %s', (_, code, text) => {
    expect(wrapped(code, text)).toBe(code)
  })
})
