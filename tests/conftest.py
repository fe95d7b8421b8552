"""What holds for all tests."""
import signal
import threading

import pytest
from hypothesis import HealthCheck, settings

import minigrad as mg

# A shell that starts pytest in the background lets it ignore Ctrl-C, and with it every process that pytest starts; but
# some tests start one and press Ctrl-C in it.  With a handler here, those begin as if started in the foreground.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Hypothesis lets a test fail if an example takes more than 0.2 s, or if the examples are drawn slowly.  That tells how
# busy the machine is, and nothing about minigrad.
settings.register_profile("minigrad", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("minigrad")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Weights, masks and shuffles of a test, and of fixtures made for it, don't depend on which tests ran before."""
    mg.seed(0)
