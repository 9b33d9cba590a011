import { parse, type TellCommand } from './command-line.ts'
import { GuestUnavailable } from './default-guest/unavailable.ts'
import { because } from './named-file.ts'
import { exitStatus } from './outcome.ts'
import { printable } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** Does what the arguments say. Every way to end goes through here: a status, and for bad input one line. */
export async function vmm(args: readonly string[]): Promise<number> {
  try {
    const command = parse(args)
    if (command.kind === 'run') return await (await import('./run.ts')).run(command.options)
    if (command.kind === 'tell') return await tell(command.command, command.args)
    process.stdout.write(command.text)
    return exitStatus.success
  } catch (error) {
    if (error instanceof UsageError || error instanceof GuestUnavailable) {
      process.stderr.write(`vmm: ${printable(error.message)}\n`)
      return exitStatus.usage
    }
    process.stderr.write(`vmm: internal error: ${(error as Error).stack ?? String(error)}\n`)
    return exitStatus.internal
  }
}

/** Prints what a command tells. What it needs is loaded for it alone. */
async function tell(command: TellCommand, args: readonly string[]): Promise<number> {
  const { tellers } = await import('./tell/tell.ts')
  const { text, status } = tellers[command](args)
  const error = await new Promise<unknown>((done) => process.stdout.write(text, done))
  // whoever has gone knows that there is more; a full disk does not
  if (!error || (error as { readonly code?: string }).code === 'EPIPE') return status
  process.stderr.write(`vmm: stdout: ${because(error)}\n`)
  return exitStatus.internal
}
