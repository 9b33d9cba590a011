import { scenarios } from './all.ts'
import { pageOf } from './scenario.ts'

const [name = '', ...kernels] = process.argv.slice(2)
const scenario = scenarios[name]
if (scenario === undefined) {
  process.stderr.write(`usage: node scenarios/main.ts ${Object.keys(scenarios).join('|')} [RELEASE…]\n`)
  process.exitCode = 2
} else {
  process.stdout.write(pageOf(scenario, kernels.length === 0 ? undefined : kernels))
}
