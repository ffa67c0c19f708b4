"""The crew: threads that share the parts of a large loop or product, as many as NumPy's BLAS may use.

A BLAS starts its threads when NumPy is imported, and gives them large products. This does the same for what no BLAS
knows, the elements of large loops, and for products whose sizes are known. The threads are started with the first step
that has something for them; OPENBLAS_NUM_THREADS, threadpoolctl and `set_num_threads` hold for both.

Nobody is waited for who has not begun: parts are taken one by one from a counter, by the caller too, so that a thread
that sleeps, or whose core somebody else has, costs nothing. After 25 us without work they sleep: the threads of a BLAS
spin for 25 ms after each product, and the scheduler gives their core to one that wakes, but not to one that spins too.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import platform
import time
from _thread import start_new_thread
from functools import cache
from typing import Any

import numpy as np

from autodiff.compiler import blas, machine
from autodiff.heap import LINE, aligned

__all__ = ["PARTS", "Crew", "crew"]

#: Most threads besides the caller's.
MOST = 63
#: How often a thread looks for work before it sleeps; a look takes some 25 ns.
PATIENCE = 1024

# Note [Taking a part]
# `next` holds the number of the call in its upper half, and in two quarters the first part that is left and the end of
# those that are. The caller takes parts from the front and the others from the back, so that each finds what it wrote
# at the last call in its own cache. Who takes a part reads `next`, then what the parts are of, and then changes `next`
# if it still is what it was. Before the caller changes what the parts are of, it lets none be left: so a thread that
# slept in between takes nothing of a call that it knows nothing of.
_END = (1 << 16) - 1
_STOP = -1
#: Most parts.
PARTS = _END

# What several threads write has a line of the cache to itself; whether a thread sleeps, and its lock, have another.
_FIELDS = {
    "next": 0, "done": LINE, "busy": 2 * LINE, "alive": 3 * LINE,
    **{name: 4 * LINE + 8 * k for k, name in enumerate(("task", "given", "grain", "total", "limit", "core"))},
    **{name: 5 * LINE + 8 * k for k, name in enumerate(("hands", "threads", "yield", "acquire", "release", "getcpu"))},
}  # fmt: skip
_SLEEPERS = 6 * LINE

#: How a processor is told that a loop waits.
_PAUSES = {
    **dict.fromkeys(("x86_64", "amd64"), "call void @llvm.x86.sse2.pause()"),
    **dict.fromkeys(("arm64", "aarch64"), "call void @llvm.aarch64.hint(i32 1)"),
}
_PAUSE = _PAUSES.get(platform.machine().lower(), "")


def _at(name: str) -> str:
    return f"%{name}.place = getelementptr i8, ptr %crew, i64 {_FIELDS[name]}"


def _read(*names: str) -> str:
    """Load fields. What another thread may write meanwhile is loaded at once, in any order."""
    lines = [f"{_at(n)}\n  %{n} = load atomic i64, ptr %{n}.place monotonic, align 8" for n in names]
    return "\n  ".join(lines)


_SHARE = f"""; Take parts until there are none; how many it were.
define i64 @share(ptr %crew, i64 %me) nounwind {{
entry:
  br label %look
look:
  %taken = phi i64 [ 0, %entry ], [ %taken, %take ], [ %more, %work ]
  %now = load atomic i64, ptr %crew acquire, align 8
  %end.part = and i64 %now, {_END}
  %begin.far = lshr i64 %now, 16
  %begin = and i64 %begin.far, {_END}
  {_read("limit")}
  %left = icmp ult i64 %begin, %end.part
  %asked = icmp ult i64 %me, %limit
  %go = and i1 %left, %asked
  br i1 %go, label %take, label %end
take:
  {_read("task", "given", "grain", "total")}
  %last = sub i64 %end.part, 1
  %front = icmp eq i64 %me, 0
  %part = select i1 %front, i64 %begin, i64 %last
  %change = select i1 %front, i64 {_END + 1}, i64 -1
  %after = add i64 %now, %change
  %tried = cmpxchg ptr %crew, i64 %now, i64 %after acq_rel acquire, align 8
  %mine = extractvalue {{ i64, i1 }} %tried, 1
  br i1 %mine, label %work, label %look
work:
  %low = mul i64 %part, %grain
  %beyond = add i64 %low, %grain
  %high = call i64 @llvm.umin.i64(i64 %beyond, i64 %total)
  %function = inttoptr i64 %task to ptr
  %arguments = inttoptr i64 %given to ptr
  call void %function(ptr %arguments, i64 %low, i64 %high)
  {_at("done")}
  %before = atomicrmw add ptr %done.place, i64 1 release, align 8
  %more = add i64 %taken, 1
  br label %look
end:
  ret i64 %taken
}}"""

# The caller gives up its core now and then, in case the one that it waits for is on the same.
_WAIT = f"""; Wait a moment for a part that somebody has begun.
define void @wait(ptr %crew, i64 %round) nounwind {{
entry:
  {_PAUSE}
  %rest = and i64 %round, 1023
  %long = icmp eq i64 %rest, 1023
  br i1 %long, label %give, label %end
give:
  {_read("yield")}
  %function = inttoptr i64 %yield to ptr
  %ignored = call i32 %function()
  br label %end
end:
  ret void
}}"""

_RUN = f"""; Have a task done for 0, 1, ..., total - 1, so many at a time, with no more helpers than it is worth.
define void @run(ptr %crew, ptr %function, ptr %arguments, i64 %all, i64 %size, i64 %worth) nounwind {{
entry:
  {_read("hands", "threads")}
  %asked = inttoptr i64 %threads to ptr
  %allowed = call i32 %asked()
  %others = sub i32 %allowed, 1
  %others.wide = sext i32 %others to i64
  %there = call i64 @llvm.smin.i64(i64 %hands, i64 %others.wide)
  %helpers = call i64 @llvm.smin.i64(i64 %there, i64 %worth)
  %one = icmp sle i64 %helpers, 0
  br i1 %one, label %alone, label %enter
enter:
  {_at("busy")}
  %was = atomicrmw xchg ptr %busy.place, i64 1 acquire, align 8
  %taken = icmp ne i64 %was, 0
  br i1 %taken, label %alone, label %prepare
prepare:
  %old = load atomic i64, ptr %crew acquire, align 8
  %number = lshr i64 %old, 32
  %number.next = add i64 %number, 1
  %none.left = shl i64 %number.next, 32
  store atomic i64 %none.left, ptr %crew seq_cst, align 8
  fence seq_cst
  %task = ptrtoint ptr %function to i64
  %given = ptrtoint ptr %arguments to i64
  {_read("getcpu")}
  %getcpu.function = inttoptr i64 %getcpu to ptr
  %here = call i32 %getcpu.function()
  %core = sext i32 %here to i64
  %up = add i64 %all, %size
  %down = sub i64 %up, 1
  %count = udiv i64 %down, %size
  %first = or i64 %none.left, %count
  %workers = add i64 %helpers, 1
  STORES
  store atomic i64 %first, ptr %crew seq_cst, align 8
  fence seq_cst
  br label %wake
wake:
  %who = phi i64 [ 1, %prepare ], [ %who.next, %again ]
  %any = icmp ule i64 %who, %helpers
  br i1 %any, label %see, label %join
see:
  %line = mul i64 %who, {LINE}
  %far = add i64 %line, {_SLEEPERS}
  %sleeps = getelementptr i8, ptr %crew, i64 %far
  %asleep = load atomic i64, ptr %sleeps seq_cst, align 8
  %lies = icmp ne i64 %asleep, 0
  br i1 %lies, label %rouse, label %again
rouse:
  store atomic i64 0, ptr %sleeps seq_cst, align 8
  %lock.place = getelementptr i8, ptr %sleeps, i64 8
  %lock = load ptr, ptr %lock.place, align 8
  {_read("release")}
  %release.function = inttoptr i64 %release to ptr
  call void %release.function(ptr %lock)
  br label %again
again:
  %who.next = add i64 %who, 1
  br label %wake
join:
  %own = call i64 @share(ptr %crew, i64 0)
  br label %await
await:
  %round = phi i64 [ 0, %join ], [ %round.next, %spin ]
  %made = load atomic i64, ptr %done.place acquire, align 8
  %complete = icmp eq i64 %made, %count
  br i1 %complete, label %leave, label %spin
spin:
  call void @wait(ptr %crew, i64 %round)
  %round.next = add i64 %round, 1
  br label %await
leave:
  store atomic i64 0, ptr %busy.place release, align 8
  ret void
alone:
  call void %function(ptr %arguments, i64 0, i64 %all)
  ret void
}}"""

_SERVE = f"""; What a thread does until it is to end, or meets the caller on its core; the number of the core, or -1.
define i64 @serve(ptr %crew, i64 %me, i64 %elsewhere) nounwind {{
entry:
  %line = mul i64 %me, {LINE}
  %far = add i64 %line, {_SLEEPERS}
  %sleeps = getelementptr i8, ptr %crew, i64 %far
  %lock.place = getelementptr i8, ptr %sleeps, i64 8
  {_read("getcpu", "acquire")}
  %getcpu.function = inttoptr i64 %getcpu to ptr
  %acquire.function = inttoptr i64 %acquire to ptr
  br label %look
look:
  %round = phi i64 [ 0, %entry ], [ 0, %on ], [ %round.next, %idle ], [ 0, %bed ]
  %made = call i64 @share(ptr %crew, i64 %me)
  %now = load atomic i64, ptr %crew acquire, align 8
  %over = icmp eq i64 %now, {_STOP}
  br i1 %over, label %end, label %see
see:
  %none = icmp eq i64 %made, 0
  br i1 %none, label %pause, label %on
on:
  {_read("core")}
  %here = call i32 %getcpu.function()
  %own = sext i32 %here to i64
  %met = icmp eq i64 %own, %core
  %minds = icmp ne i64 %elsewhere, 0
  %leaves = and i1 %met, %minds
  br i1 %leaves, label %leave, label %look
pause:
  %tired = icmp uge i64 %round, {PATIENCE}
  br i1 %tired, label %bed, label %idle
idle:
  {_PAUSE}
  %round.next = add i64 %round, 1
  br label %look
bed:
  store atomic i64 1, ptr %sleeps seq_cst, align 8
  fence seq_cst
  %last = load atomic i64, ptr %crew seq_cst, align 8
  %same = icmp eq i64 %last, %now
  br i1 %same, label %sleep, label %look
sleep:
  %lock = load ptr, ptr %lock.place, align 8
  %ignored = call i32 %acquire.function(ptr %lock, i32 1)
  br label %on
leave:
  ret i64 %own
end:
  {_at("alive")}
  %left = atomicrmw sub ptr %alive.place, i64 1 seq_cst, align 8
  ret i64 -1
}}

; Where it is not known, which core a thread is on.
define i32 @nowhere() nounwind {{
  ret i32 -1
}}"""


def _source() -> str:
    stored = {"task": "%task", "given": "%given", "grain": "%size", "total": "%all"}
    stored |= {"limit": "%workers", "core": "%core", "done": "0"}
    lines = []
    for name, value in stored.items():
        lines += [_at(name), f"store atomic i64 {value}, ptr %{name}.place monotonic, align 8"]
    run = _RUN.replace("STORES", "\n  ".join(lines))
    functions = "\n\n".join([_SHARE, _WAIT, run, _SERVE])
    declared = [f"declare i64 @llvm.{which}.i64(i64, i64)" for which in ("umin", "smin")]
    if "sse2" in functions:
        declared.append("declare void @llvm.x86.sse2.pause()")
    if "aarch64" in functions:
        declared.append("declare void @llvm.aarch64.hint(i32)")
    return "\n".join([*declared, "", functions]) + "\n"


class Crew:
    """Threads that wait for something to do.

    Attributes
    ----------
    address, run : int
        Of what they share, and of the function ``run(crew, task, arguments, total, size, helpers)`` that has a task
        done by calls of ``task(arguments, low, high)``; by a single one where there is nobody else.
    """

    def __init__(self, threads: blas.Threads) -> None:
        self.threads = threads
        code = machine.load(_source())
        memory = aligned(_SLEEPERS + (MOST + 1) * LINE, np.dtype(np.uint8))
        self._fields = memory.view(np.int64)
        self._keep = code, memory
        self._is_over = False
        self.address, self.run = memory.ctypes.data, code.address("run")
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        self._serve = kind(code.address("serve"))
        c = ctypes.pythonapi
        self._set("threads", threads.get)
        self._set("acquire", blas.address(c.PyThread_acquire_lock))
        self._set("release", blas.address(c.PyThread_release_lock))
        self._set("yield", blas.address(_yield()))
        getcpu = None if os.name == "nt" else getattr(ctypes.CDLL(None), "sched_getcpu", None)
        self._set("getcpu", code.address("nowhere") if getcpu is None else blas.address(getcpu))
        atexit.register(self.leave)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._alone)

    def _set(self, name: str, value: int) -> None:
        self._fields[_FIELDS[name] // 8] = value

    def _get(self, name: str) -> int:
        return int(self._fields[_FIELDS[name] // 8])

    def gather(self) -> None:
        """Start the threads that NumPy's BLAS may use and that are not there yet."""
        wanted = 0 if self._is_over else min(self.threads.ask() - 1, MOST)
        for who in range(self._get("hands") + 1, wanted + 1):
            place = (_SLEEPERS + who * LINE) // 8
            self._fields[place], self._fields[place + 1] = 0, _new_lock()
            self._set("alive", self._get("alive") + 1)
            try:
                start_new_thread(self._work, (who,))
            except RuntimeError:  # the system gives no more; those that are there do
                self._set("alive", self._get("alive") - 1)
                return
            self._set("hands", who)

    def _work(self, who: int) -> None:
        """What a thread does: it keeps off the core of the caller, who would otherwise wait for itself."""
        elsewhere = True
        while (core := self._serve(self.address, who, elsewhere)) >= 0:
            cores = os.sched_getaffinity(os.getpid()) - {core}
            elsewhere = bool(cores)
            if cores:
                os.sched_setaffinity(0, cores)

    def leave(self) -> None:
        """Let all threads end, and wait for it: what they run is about to go."""
        hands, self._is_over = self._get("hands"), True
        self._set("hands", 0)
        self._set("next", _STOP)
        release = ctypes.pythonapi.PyThread_release_lock
        release.argtypes = (ctypes.c_void_p,)
        for who in range(1, hands + 1):
            release(int(self._fields[(_SLEEPERS + who * LINE) // 8 + 1]))
        end = time.monotonic() + 1.0
        while self._get("alive") and time.monotonic() < end:
            time.sleep(1e-4)

    def _alone(self) -> None:
        """In a process that was forked, there are no threads yet."""
        for name in ("hands", "alive", "busy"):
            self._set(name, 0)


def _new_lock() -> int:
    """A lock of CPython's, which can be used without holding the interpreter; held, so that the next who asks waits."""
    make, acquire = ctypes.pythonapi.PyThread_allocate_lock, ctypes.pythonapi.PyThread_acquire_lock
    make.restype, acquire.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)
    lock: int = make()
    acquire(lock, 1)
    return lock


def _yield() -> Any:
    """The system's function that gives up a core for a moment."""
    if os.name == "nt":
        return ctypes.WinDLL("kernel32").SwitchToThread  # type: ignore[attr-defined]
    return ctypes.CDLL(None).sched_yield


@cache
def crew() -> Crew | None:
    """The crew of this process; None where nobody says how many threads NumPy's BLAS may use."""
    threads = blas.threads()
    return None if threads is None else Crew(threads)
