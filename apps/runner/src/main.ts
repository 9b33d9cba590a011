#!/usr/bin/env node
import { keepProgram } from './kept-program.ts'

keepProgram()

/** Whoever does not want to hear any more is not told: the run itself looks after its readers. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const { vmm } = await import('./vmm.ts')
process.exit(await vmm(process.argv.slice(2)))
