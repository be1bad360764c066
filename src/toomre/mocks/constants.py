"""Every number of the simulator: units, physics, and what the population is drawn from.

Lengths are in kpc, times in Gyr, masses in solar masses, velocities in kpc/Gyr. Where no source
is given, the number is a choice, made so that pictures and time scales come out right.
"""

from __future__ import annotations

__all__ = [
    "BARYON_WELL",
    "BULGE_GROWTH",
    "BULGE_SHARE",
    "BURST_RADIUS",
    "CLOSE",
    "COLOUR_SCATTER",
    "COULOMB",
    "CUSP",
    "DARK_SHARE",
    "DISC_SCALE",
    "DISC_SIZE",
    "DISPERSION",
    "FLYBY_CLEAR",
    "GRAVITY",
    "HALO_MASS",
    "HALO_SPEED",
    "KERNEL_NEIGHBOURS",
    "KIND_SHARES",
    "KM_S",
    "LOG_MASS",
    "LOG_MASS_LIMITS",
    "MACRO_STEP",
    "MERGER_WINDOW",
    "MINIMUM_RATIO",
    "ORBIT_STEP",
    "PARTICLES",
    "QUENCHED",
    "SOFTENING",
    "START_DISTANCE",
    "START_SPEED",
    "STEP_PARAMETER",
    "STRIPPED",
    "YOUNG_AGE",
]

# --- units -----------------------------------------------------------------------------------
# One km/s in kpc/Gyr (IAU parsec and a Julian year).
KM_S = 1.022712165
# Gravitational constant [kpc^3 / (Gyr^2 Msun)]: 4.30091e-6 kpc (km/s)^2 / Msun (CODATA 2018).
GRAVITY = 4.30091e-6 * KM_S**2

# --- one galaxy ------------------------------------------------------------------------------
# Halo mass over stellar mass; the minimum of the stellar-to-halo relation is near 1/35
# (Behroozi, Wechsler & Conroy 2013, ApJ 770, 57).
HALO_MASS = 35.0
# Baryons' well over stellar mass: stars and 40 % of gas.
BARYON_WELL = 1.4
# Peak circular speed of the halo [km/s], the stellar mass at which it holds, and the power of
# the mass (a Tully-Fisher relation, Bell & de Jong 2001, ApJ 550, 212, rounded).
HALO_SPEED = (165.0, 10**10.15, 0.27)
# Disc scale length [kpc] at a stellar mass of 1e10, power of the mass (Shen et al. 2003, MNRAS
# 343, 978, rounded) and its scatter [dex].
DISC_SIZE = (1.7, 0.2, 0.10)
# Per disc scale length: scale of the baryons' well (half of its mass lies within the disc's
# half-mass radius), thickness of the disc, scale of the bulge.
DISC_SCALE = {"well": 0.70, "height": 0.09, "bulge": 0.18}
# Bulge over all stars of a disc galaxy, and of an early-type one, and the share of the latter
# (near the share of red galaxies of this mass, e.g. Baldry et al. 2004, ApJ 600, 681).
BULGE_SHARE = ((0.05, 0.45), (0.50, 0.95), 0.2)
# How much larger the bulge is where there is no disc: it then holds as much light as the disc
# within nearly the same radius.
BULGE_GROWTH = 2.0
# Radial velocity dispersion of the disc in its centre over the peak speed.
DISPERSION = 0.30
# Softening of every force on a star [kpc]: a quarter of an HST pixel at z = 2.
SOFTENING = 0.12

# --- the pair --------------------------------------------------------------------------------
# Distance [kpc] and speed over the parabolic speed where a pair starts.
START_DISTANCE = (28.0, 50.0)
START_SPEED = (0.45, 0.80)
# A pair has merged after its last crossing of this distance [kpc].
CLOSE = 2.5
# Chandrasekhar friction: the Coulomb logarithm is the first number times ln(1 + M1/M2), less by
# the second power of M2/M1 for the mass that small companions lose. The first is well below 1
# as the haloes overlap from the start; a ratio of 10:1 takes about twice as long as 3:1
# (Boylan-Kolchin, Ma & Quataert 2008, MNRAS 383, 93).
COULOMB = (0.13, 0.1)
# Cusps of the two haloes are blunted within this radius [kpc] for friction and for the pull of
# the pair: the nuclei are no points.
CUSP = 0.5
# What tides have left of the halo of a minor companion, which starts well within the halo of the
# heavier galaxy: the mass within its tidal radius there.
STRIPPED = 0.3
# Step of the pair's orbit [Gyr].
ORBIT_STEP = 0.001

# --- the stars -------------------------------------------------------------------------------
# Test particles of a system. Fewer are grainy, more are slow.
PARTICLES = 8000
# Time between two choices of a particle's sub-step [Gyr].
MACRO_STEP = 0.004
# Largest sub-step times the local orbital frequency; leapfrog is stable below 2, and
# a bulge keeps its size below 0.2.
STEP_PARAMETER = 0.09
# The distance to this neighbour is a particle's radius in the picture.
KERNEL_NEIGHBOURS = 12

# --- the light -------------------------------------------------------------------------------
# Stars younger than this are the young population [Gyr].
YOUNG_AGE = 0.1
# Share of systems that hardly form stars, and by how much they are below the rest [dex].
QUENCHED = (0.25, 1.2)
# Scatter of the flux from system to system in each band beyond what the populations give [mag].
COLOUR_SCATTER = 0.05
# Radius of the central burst [kpc].
BURST_RADIUS = 0.6

# --- the population --------------------------------------------------------------------------
# log10 of the stellar mass in the picture: mean, spread and limits. The limits and the median,
# 10.24, are those of the galaxies of the first DeepMerge paper (Ciprijanovic et al. 2020).
LOG_MASS = (10.15, 0.40)
LOG_MASS_LIMITS = (9.81, 11.88)
# A merger coalesces within this time of the picture [Gyr] (Snyder et al. 2019, MNRAS 486, 3702)
# and its mass ratio is at least this.
MERGER_WINDOW = 0.25
MINIMUM_RATIO = 0.1
# A flyby does not merge within this time [Gyr].
FLYBY_CLEAR = 4.0
# Shares of the kinds: half of all are mergers, half of these before coalescence. Most of the
# rest are alone, as in nature; the hard cases are commoner than there.
KIND_SHARES = {
    "merger": 0.50,
    "isolated": 0.34,
    "before": 0.04,
    "after": 0.04,
    "flyby": 0.03,
    "projection": 0.03,
    "minor": 0.02,
}
# Share of the isolated galaxies that a dark perturber passes.
DARK_SHARE = 0.35
