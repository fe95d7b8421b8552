"""What a large training costs, before it is started.

    costs       operations, bytes and parameters of a transformer; chips
    estimate    GPU-hours, energy and money
    cluster     the time of one step on many devices
    simulate    the best layout
    here        this machine measured, to try the prediction on
"""
