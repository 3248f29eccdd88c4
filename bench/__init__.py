"""The benchmark: MeStore against what the same machine allows, taken as ratios in one run.

`python -m bench` (or `make bench`) does everything by itself; docs/performance.md says what each
row means. Each row compares the real program, over real HTTP, with a bare program that does the
same work: the very same SQL on asyncpg, or an empty FastAPI answer.
"""
