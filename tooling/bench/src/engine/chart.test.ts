import { expect, test } from 'vitest'
import { chart } from './chart.ts'
import type { Measured } from './measured.ts'

const row = (name: string, ratio: number): Measured => ({
  name,
  says: name,
  kind: 'compute',
  width: 64,
  apart: false,
  peers: {},
  ratios: { qemu: ratio },
})

const rectangle = (svg: string, style: string) => {
  const [, x, width] = new RegExp(`<rect class="${style}" x="([\\d.]+)" y="[\\d.]+" width="([\\d.]+)"`).exec(svg)!
  return { x: Number(x), width: Number(width) }
}

test('bars of half and of twice the time are as long, and meet at one', () => {
  const svg = chart([row('fast', 0.5), row('slow', 2)])
  const [fast, slow] = [rectangle(svg, 'better'), rectangle(svg, 'worse')]
  expect(fast.width).toBeCloseTo(slow.width, 0)
  expect(fast.x + fast.width).toBeCloseTo(slow.x, 0)
})

test('names are text in the picture, whatever they hold', () => {
  expect(chart([row('a < b & c', 1)])).toContain('a &lt; b &amp; c')
})
