import logging

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(funcName)s:%(lineno)d %(message)s")
log = logging.getLogger("train")


def train():
    log.info("epoch %d", 1)
    try:
        [][0]
    except IndexError:
        log.exception("no batch")


train()
logging.getLogger().warning("root, %s", "too")
