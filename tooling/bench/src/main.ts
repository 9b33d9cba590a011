import { benchAbi } from './abi.ts'
import { benchBoot } from './boot.ts'
import { benchDecode } from './decode.ts'
import { benchEngine } from './engine.ts'
import { benchHandlers } from './handlers.ts'
import { benchIdle } from './idle.ts'
import { benchNested } from './nested.ts'

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  abi: benchAbi,
  boot: benchBoot,
  decode: benchDecode,
  engine: benchEngine,
  handlers: benchHandlers,
  idle: benchIdle,
  nested: benchNested,
}
const [name, ...args] = process.argv.slice(2)
const bench = Object.hasOwn(benches, name ?? '') ? benches[name!] : undefined
if (bench === undefined) {
  console.error(`usage: pnpm bench ${Object.keys(benches).join('|')}`)
  process.exitCode = 2
} else await bench(args)
