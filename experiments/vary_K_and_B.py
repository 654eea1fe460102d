"""What do a wider beam (K) and bigger cells (B) buy?

    .venv/bin/python experiments/vary_K_and_B.py [overrides]

Six searches of the default space on digits: K = 4, 8, 16 with B = 2, 3. One to three minutes each
on 2 cores; docs/results.md has the figures to expect. Overrides go to every search, as
``seed=0,1,2``.
"""

from study import study

if __name__ == "__main__":
    study("vary_K_and_B", ["controller.K=4,8,16", "state_space.B=2,3"], __doc__)
