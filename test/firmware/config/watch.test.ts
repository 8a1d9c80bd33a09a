// Shows that a changed file is noticed however it is written, and that a broken one is told and changes nothing.

import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { inspectConfiguration } from "../../../firmware/config/load.ts";
import { watchConfiguration, type ConfigurationNews } from "../../../firmware/config/watch.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { makeFakeClock } from "../../support/fake-clock.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

interface Watched {
  readonly file: string;
  /** The next news; waits for it. */
  next(): Promise<ConfigurationNews>;
  /** All news that came and was not taken yet. */
  readonly waiting: readonly ConfigurationNews[];
  stop(): Promise<void>;
}

/** A clock that runs some hundred times faster than time, so that a test need not wait for the regular look. */
function makeQuickClock(defer: Defer): Clock {
  const clock = makeFakeClock();
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) await clock.advance(20);
  };
  void run();
  defer(() => stop.abort());
  return clock;
}

function startWatching(defer: Defer, file: string, known?: string, clock: Clock = makeQuickClock(defer)): Watched {
  const waiting: ConfigurationNews[] = [];
  let arrived = (): void => undefined;
  const stop = new AbortController();
  const take = (news: ConfigurationNews): void => {
    waiting.push(news);
    arrived();
  };
  const done = watchConfiguration(file, clock, take, stop.signal, known === undefined ? undefined : Buffer.from(known));
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  defer(end);
  return {
    file,
    waiting,
    stop: end,
    async next() {
      while (waiting.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      const news = waiting.shift();
      if (news === undefined) throw new Error("no news");
      return news;
    },
  };
}

const level = (news: ConfigurationNews): string => {
  const { configuration, problems } = inspectConfiguration(news.bytes ?? "assets: x");
  return configuration?.log.level ?? `fault: ${news.fault?.message ?? problems[0]?.message}`;
};

suite("configuration, watching", (test) => {
  const writers: Readonly<Record<string, (file: string, text: string) => void>> = {
    "in place": (file, text) => writeFileSync(file, text),
    "as another file that is renamed onto it": (file, text) => {
      writeFileSync(`${file}~`, text);
      renameSync(`${file}~`, file);
    },
    "after the old one was moved away": (file, text) => {
      renameSync(file, `${file}.bak`);
      writeFileSync(file, text);
    },
    "after the old one was removed": (file, text) => {
      unlinkSync(file);
      writeFileSync(file, text);
    },
  };
  for (const [name, write] of Object.entries(writers)) {
    test(`a file that is written ${name} is told, each time`, async ({ defer }) => {
      const watched = startWatching(defer, join(makeTempDir(defer), "weir.yaml"));
      assert.match(level(await watched.next()), /no configuration file/);
      writeFileSync(watched.file, "log: {level: warn}\n");
      assert.is(level(await watched.next()), "warn");
      write(watched.file, "log: {level: debug}\n");
      assert.is(level(await watched.next()), "debug");
      write(watched.file, "log: {level: error}\n");
      assert.is(level(await watched.next()), "error");
      assert.equal(watched.waiting, []);
    });
  }

  test("a broken file is news as it stands, and mended it is the next", async ({ defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    writeFileSync(file, "log: {level: info}\n");
    const watched = startWatching(defer, file, "log: {level: info}\n");
    writeFileSync(file, "log: {level: loud}\n");
    assert.match(level(await watched.next()), /log\.level is the text "loud"/);
    writeFileSync(file, "log: {level: warn}\n");
    assert.is(level(await watched.next()), "warn");
  });

  test("content that the caller knows already is no news, and a touched file neither", async ({ defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    const text = "log: {level: info}\n";
    writeFileSync(file, text);
    const watched = startWatching(defer, file, text);
    writeFileSync(file, text);
    writeFileSync(file, "log: {level: warn}\n");
    assert.is(level(await watched.next()), "warn");
    assert.equal(watched.waiting, []);
  });

  test("a link that is turned to another file is noticed by the regular look", async ({ defer }) => {
    const folder = makeTempDir(defer);
    for (const name of ["a", "b"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "weir.yaml"), `log: {level: ${name === "a" ? "warn" : "debug"}}\n`);
    }
    const current = join(folder, "current");
    symlinkSync("a", current);
    const watched = startWatching(defer, join(current, "weir.yaml"));
    assert.is(level(await watched.next()), "warn");
    rmSync(current);
    symlinkSync("b", current);
    let news = await watched.next();
    if (news.fault !== undefined) news = await watched.next();
    assert.is(level(news), "debug");
  });

  test("several writes at once are one change", async ({ defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    writeFileSync(file, "");
    const clock = makeFakeClock();
    const watched = startWatching(defer, file, "", clock);
    for (const text of ["log:", "log: {", "log: {level: warn}\n"]) writeFileSync(file, text);
    while (watched.waiting.length === 0) await clock.advance(50);
    assert.is(level(await watched.next()), "warn");
  });

  test("a look that falls between an editor's truncation and its writing is no news", async ({ defer, signal }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    const text = "log: {level: info}\n";
    writeFileSync(file, "");
    const clock = makeFakeClock();
    const watched = startWatching(defer, file, text, clock);
    while (clock.pending === 0) await systemClock.sleep(1, signal);
    writeFileSync(file, text);
    await clock.advance(1000);
    writeFileSync(file, "log: {level: warn}\n");
    while (watched.waiting.length === 0) await clock.advance(50);
    assert.is(level(await watched.next()), "warn");
    assert.equal(watched.waiting, []);
  });

  test("it ends with its signal and leaves nothing open", async ({ defer }) => {
    const watched = startWatching(defer, join(makeTempDir(defer), "missing", "weir.yaml"));
    await watched.next();
    await watched.stop();
  });
});
