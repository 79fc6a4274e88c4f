/** Reads shell examples as far as they start prov: words and quotes, lines that go on, comments, pipes, redirections, here-documents. */

/** The arguments of every `prov` in the example. */
export function provCommands(example: string): readonly (readonly string[])[] {
  const source = example.replaceAll(/<<'?(\w+)'?\n[\s\S]*?\n\1\n/g, '\n').replaceAll(/\\\n */g, ' ')
  return source.split('\n').flatMap((line) =>
    commandsOf(line).flatMap((words) => {
      const at = words.findIndex((word) => !/^[A-Z_]+=/.test(word))
      return words[at] === 'prov' ? [words.slice(at + 1)] : []
    }),
  )
}

const TOKEN =
  /\s+|(?:<\(|[|;&]+|\)|\d*[<>]+&?\s*[^\s|;&]*)|(?:"(?:\\.|[^"])*"|'[^']*'|\$\([^)]*\)|\\.|[^\s|;&<>()"'\\])+/y

function commandsOf(line: string): readonly (readonly string[])[] {
  const all: string[][] = [[]]
  TOKEN.lastIndex = 0
  for (let token = TOKEN.exec(line); token !== null; token = TOKEN.exec(line)) {
    const [text] = token
    if (text.startsWith('#')) break
    if (/^\s/.test(text) || /^\d*>/.test(text)) continue
    if (/^(<\(|[|;&]+|\))/.test(text)) all.push([])
    else if (!text.startsWith('<')) all.at(-1)?.push(text.replaceAll(/(["'])(.*?)\1/g, '$2'))
  }
  return all
}
