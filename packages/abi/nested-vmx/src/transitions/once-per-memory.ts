import type { StateMemory } from '@vmm/x86-registers'

let makers = 0

/** Makes something of where a processor's state is, once for each processor, with which it goes. */
export function oncePerMemory<T extends object>(make: (memory: StateMemory) => T): (memory: StateMemory) => T {
  const number = makers
  makers += 1
  return (memory) => {
    const known = memory.made[number] as T | undefined
    if (known !== undefined) return known
    const one = make(memory)
    // the array has no holes, which V8 would be slow to read
    while (memory.made.length <= number) memory.made.push(undefined)
    memory.made[number] = one
    return one
  }
}
