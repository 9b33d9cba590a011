import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that are held after so many calls and were not before them: what can be collected does not count. */
export function memoryGrowth(calls: number, call: () => void): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  for (let done = 0; done < calls / 100; done++) call()
  const before = held()
  for (let done = 0; done < calls; done++) call()
  return held() - before
}
