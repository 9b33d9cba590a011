#!/usr/bin/env node
import { parse } from './command-line.ts'
import { GuestUnavailable } from './default-guest/unavailable.ts'
import { run } from './run.ts'
import { UsageError } from './run-options.ts'

/** Every way to end goes through here: a status, and at most one line. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parse(args)
    if (command.kind === 'print') {
      process.stdout.write(command.text)
      return 0
    }
    return await run(command.options)
  } catch (error) {
    if (error instanceof UsageError || error instanceof GuestUnavailable) {
      process.stderr.write(`vmm: ${error.message}\n`)
      return 2
    }
    throw error
  }
}

process.exit(await main(process.argv.slice(2)))
