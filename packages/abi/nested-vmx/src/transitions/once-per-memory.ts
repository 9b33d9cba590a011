import type { StateMemory } from '@vmm/x86-registers'

/** Makes something of where a processor's state is, once for each processor. */
export function oncePerMemory<T extends object>(make: (memory: StateMemory) => T): (memory: StateMemory) => T {
  const made = new WeakMap<StateMemory, T>()
  return (memory) => {
    const known = made.get(memory)
    if (known !== undefined) return known
    const one = make(memory)
    made.set(memory, one)
    return one
  }
}
