/** `prov completion`: a completion script for the shell, made from the commands themselves. */
import { Argument, Command } from 'commander'
import { type Io, write } from '../../../platform/io.ts'

export function completionCommand(io: Io, root: () => Command): Command {
  return new Command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a completion script for bash, zsh or fish.')
    .addArgument(new Argument('<SHELL>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  source <(prov completion bash)
  prov completion zsh > "\${fpath[1]}/_prov"
  prov completion fish > ~/.config/fish/completions/prov.fish`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const [{ script }, { lastingBackends }, { FORMATS }] = await Promise.all([
        import('../../completion/completion.ts'),
        import('../../../../backends/index.ts'),
        import('../../../formats/index.ts'),
      ])
      const known = { backends: lastingBackends(), formats: FORMATS.map((format) => format.name) }
      await write(io.stdout, script(shell, root(), known))
    })
}
