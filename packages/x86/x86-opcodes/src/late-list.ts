/**
 * A list of so many items, each made when somebody first asks for it: who imports a list and asks for nothing pays nothing. Each access costs a call more
 * than a list's own. Nobody may write to it.
 */
export function lateList<Item>(length: number, make: (at: number) => Item): readonly Item[] {
  const items = new Array<Item>(length)
  const item = (at: number): Item => {
    items[at] ??= make(at)
    return items[at]
  }
  const filled = (): readonly Item[] => {
    for (let at = 0; at < length; at += 1) item(at)
    return items
  }
  return new Proxy(items, {
    get: (_, key) => (key in items || !isPlace(key, length) ? Reflect.get(items, key) : item(Number(key))),
    has: (_, key) => isPlace(key, length) || Reflect.has(items, key),
    ownKeys: () => Reflect.ownKeys(filled()),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(filled(), key),
  })
}

/** Whether a key is the place of an item. */
function isPlace(key: string | symbol, length: number): boolean {
  return typeof key === 'string' && /^\d+$/.test(key) && Number(key) < length
}
