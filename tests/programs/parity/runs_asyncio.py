import asyncio
import os
import signal


async def main():
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    await asyncio.wait_for(stopped.wait(), 10)
    print("stopped")


asyncio.run(main(), debug=False)
