/** What comes of a fault that ended a block: TypeScript is to see it, or it was delivered, and running may go on or must not. */
export const deliveryResult = { leave: 0, goOn: 1, stop: 2 } as const
